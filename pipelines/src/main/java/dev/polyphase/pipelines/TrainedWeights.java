package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * Which weights a phase trains.
 *
 * @param targeting how they are chosen
 * @param rescanEvery when the phase measures its weights anew and moves to those that are then the
 *     best; empty where it trains the same ones to its end
 * @param adapter trained instead of the weights themselves; empty where these are trained
 */
public record TrainedWeights(
    Targeting targeting, Optional<RescanEvery> rescanEvery, Optional<Adapter> adapter) {}
