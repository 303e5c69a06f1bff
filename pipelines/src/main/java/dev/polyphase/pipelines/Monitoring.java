package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * What is seen of a phase while it trains.
 *
 * @param loggingSteps steps between two rows of metrics
 * @param lossWatchdog ends the phase where its loss stays high; empty for none
 */
public record Monitoring(
    @Key(means = "steps between two rows of metrics", absent = "1", from = 1, to = Key.STEPS)
        int loggingSteps,
    Optional<LossWatchdog> lossWatchdog) {}
