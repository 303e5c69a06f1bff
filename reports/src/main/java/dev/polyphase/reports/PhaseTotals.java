package dev.polyphase.reports;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The sums of a phase.
 *
 * @param modules the modules listed
 * @param selectedModules those of them that were trained
 * @param parameters the parameters of the whole model
 * @param trainedParameters those in trained tensors and adapters, embeddings and head included
 * @param savedParameters those that were saved anew: not adapters, but what they were merged into
 * @param changedParameters those of them whose value differs from before
 * @param steps the optimiser steps
 * @param tokens the tokens trained on
 * @param seconds the wall time of training
 * @param data what became of the rows of its training data; null where that was not counted
 * @param heldOut likewise of its held-out data; null also where it had none
 * @param datasets likewise of each dataset of its training data, by name; empty where not counted
 */
public record PhaseTotals(
    long modules,
    long selectedModules,
    long parameters,
    long trainedParameters,
    long savedParameters,
    long changedParameters,
    long steps,
    long tokens,
    double seconds,
    @Nullable RowCounts data,
    @Nullable RowCounts heldOut,
    Map<String, RowCounts> datasets) {}
