package dev.polyphase.phases.api;

import dev.polyphase.data.DataCounts;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a phase did.
 *
 * @param steps the optimiser steps taken
 * @param tokens the tokens trained on, padding not counted
 * @param trainedTensors the tensors that were trained, be it not to the phase's end
 * @param trainedValues the parameters in them
 * @param savedValues the parameters that were saved anew: the trained ones, and in the place of
 *     adapters the weights that they were merged into
 * @param changedValues those of them whose value differs from the one the phase began with: an
 *     update smaller than the saved dtype's spacing is lost in rounding
 * @param movedValues those of them that differed before they were rounded to the saved dtype; null
 *     where an earlier version trained it
 * @param seconds the wall time of training
 * @param data what became of the rows of its training data; null where an earlier version, which
 *     did not count them, trained it
 * @param heldOut likewise of its held-out data; null also where it has none
 * @param ends the tokens at which the saved model stops, those that were learned first; null where
 *     an earlier version trained it
 * @param datasets what became of the rows of each dataset of the training data, by name; null where
 *     an earlier version trained it
 */
public record PhaseResult(
    long steps,
    long tokens,
    long trainedTensors,
    long trainedValues,
    long savedValues,
    long changedValues,
    @Nullable Long movedValues,
    double seconds,
    @Nullable DataCounts data,
    @Nullable DataCounts heldOut,
    @Nullable List<EndToken> ends,
    @Nullable Map<String, DataCounts> datasets) {}
