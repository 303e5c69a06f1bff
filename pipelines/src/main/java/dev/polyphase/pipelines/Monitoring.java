package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * What is seen of a phase while it trains.
 *
 * @param loggingSteps steps between two rows of metrics
 * @param lossWatchdog ends the phase where its loss stays high; empty for none
 */
public record Monitoring(int loggingSteps, Optional<LossWatchdog> lossWatchdog) {}
