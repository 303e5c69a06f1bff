package dev.polyphase.phases.training;

import java.util.Map;

/**
 * What one optimiser step came to.
 *
 * @param loss the mean loss before the update
 * @param gradNorm the gradients' norm before clipping
 * @param learningRate the rate of the update
 * @param tokens the tokens, padding not counted
 * @param figures the objective's further means, by name
 */
record StepFigures(
    double loss, double gradNorm, double learningRate, long tokens, Map<String, Double> figures) {}
