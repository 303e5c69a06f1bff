package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.LossWatchdog;
import java.util.Optional;
import java.util.OptionalDouble;

/** Reads {@code loss_watchdog_threshold} and {@code loss_watchdog_patience}. */
final class LossWatchdogReader {
  private static final String THRESHOLD = "loss_watchdog_threshold";
  private static final String PATIENCE = "loss_watchdog_patience";

  private LossWatchdogReader() {}

  /** A phase may inherit a patience that has no effect, but not write one. */
  static Optional<LossWatchdog> read(Block phase) {
    OptionalDouble threshold = phase.numberIfAny(THRESHOLD, Range.above0(Bounds.LOSS));
    int patience = phase.count(PATIENCE, 1, Bounds.STEPS, Defaults.LOSS_WATCHDOG_PATIENCE);
    if (threshold.isEmpty()) {
      if (phase.owns(PATIENCE) && !phase.isPart()) {
        phase.refuse(PATIENCE, "has no effect without " + THRESHOLD + "; add that or remove this");
      }
      return Optional.empty();
    }
    return Optional.of(new LossWatchdog(threshold.getAsDouble(), patience));
  }
}
