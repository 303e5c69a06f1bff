package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * The learning rate of each step, and of each module.
 *
 * @param highest that of the course's top
 * @param scheduler its course
 * @param warmup how it begins
 * @param bySnr the learning rates of modules that were selected by their SNR; empty where all have
 *     the phase's. Without effect with other ways of targeting
 */
public record LearningRates(
    double highest, LrScheduler scheduler, Warmup warmup, Optional<LrBySnr> bySnr) {}
