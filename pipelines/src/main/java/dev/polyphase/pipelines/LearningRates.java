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
    @Key(name = "learning_rate", means = "the highest learning rate", above = 0, to = Key.RATE)
        double highest,
    LrScheduler scheduler,
    Warmup warmup,
    @Key(
            name = "lr_by_snr",
            means =
                "for `snr`: learning rates that differ by module, as the SNRs of the selected"
                    + " modules of one type do; `always_train` keeps `learning_rate`",
            after = "save_total_limit")
        Optional<LrBySnr> bySnr) {}
