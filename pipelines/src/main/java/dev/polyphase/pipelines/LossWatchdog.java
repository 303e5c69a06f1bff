package dev.polyphase.pipelines;

/**
 * Ends a phase whose loss stays high.
 *
 * @param threshold the loss above which a step counts
 * @param patience how many such steps in a row end the phase, at least 1
 */
public record LossWatchdog(double threshold, int patience) {}
