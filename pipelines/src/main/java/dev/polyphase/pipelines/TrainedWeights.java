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
    @Key(means = "which weights it trains") Targeting targeting,
    @Key(
            means =
                "for `snr`: `epoch`, or steps after which the weights are measured anew and the"
                    + " phase moves to those that are then chosen; what stays goes on as it was",
            from = 1,
            to = Key.STEPS,
            after = "lr_by_snr")
        Optional<RescanEvery> rescanEvery,
    @Key(
            means =
                "trained instead of the selected weights, on exactly these modules; a word alone"
                    + " is its type",
            alone = "type",
            after = "simpo")
        Optional<Adapter> adapter) {}
