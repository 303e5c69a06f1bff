package dev.polyphase.orchestrator.bench;

import java.util.Map;
import java.util.OptionalLong;

/**
 * What the benchmark of training on pairs measured.
 *
 * @param trainedBytes of the weights that are trained, in the dtype of the compute: what a shared
 *     reference holds a second time
 * @param seconds of a step, by case
 * @param memoryBytes the peak beyond the weights, of the cases that {@link DpoBenchmark} measures
 */
public record DpoFigures(
    long trainedBytes, Map<DpoCase, Double> seconds, Map<DpoCase, OptionalLong> memoryBytes) {}
