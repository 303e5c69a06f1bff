package dev.polyphase.orchestrator.queue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * How often a run that failed at what can pass is tried again.
 *
 * @param waits how long it waits before each time
 */
public record Retries(List<Duration> waits) {
  /** Half a day in all: what a full disk or another's use of a device may take to pass. */
  public static final Retries DEFAULT =
      new Retries(
          List.of(
              Duration.ofMinutes(1),
              Duration.ofMinutes(2),
              Duration.ofMinutes(5),
              Duration.ofMinutes(10),
              Duration.ofMinutes(30),
              Duration.ofHours(1),
              Duration.ofHours(3),
              Duration.ofHours(6)));

  /** Times that can't change any more. */
  public Retries {
    waits = List.copyOf(waits);
  }

  /** How long to wait after so many failures, of which there is one at least; empty for no more. */
  Optional<Duration> after(int failures) {
    return failures <= waits.size() ? Optional.of(waits.get(failures - 1)) : Optional.empty();
  }
}
