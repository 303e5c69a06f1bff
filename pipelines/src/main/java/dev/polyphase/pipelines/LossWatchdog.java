package dev.polyphase.pipelines;

/**
 * Ends a phase whose loss stays high.
 *
 * @param threshold the loss above which a step counts
 * @param patience how many such steps in a row end the phase, at least 1
 */
public record LossWatchdog(
    @Key(
            name = "loss_watchdog_threshold",
            means =
                "the loss above which a step counts as bad; a loss or gradient that is no number"
                    + " ends the phase in any case",
            above = 0,
            to = Key.LOSS)
        double threshold,
    @Key(
            name = "loss_watchdog_patience",
            means = "how many such steps in a row end the phase",
            absent = "3",
            from = 1,
            to = Key.STEPS)
        int patience) {}
