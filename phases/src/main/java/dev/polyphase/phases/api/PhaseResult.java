package dev.polyphase.phases.api;

/**
 * What a phase did.
 *
 * @param steps the optimiser steps taken
 * @param tokens the tokens trained on, padding not counted
 * @param trainedTensors the tensors that were trained
 * @param trainedValues the parameters in them
 * @param changedValues those whose saved value differs from the one the phase began with: an update
 *     smaller than the saved dtype's spacing is lost in rounding
 * @param seconds the wall time of training
 */
public record PhaseResult(
    long steps,
    long tokens,
    long trainedTensors,
    long trainedValues,
    long changedValues,
    double seconds) {}
