package dev.polyphase.orchestrator.service.web;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Counts wrong tokens by where they came from. Whoever tried too many has to wait, and is then not
 * told whether the next one is right.
 */
final class FailedAttempts {
  static final int MOST = 10;
  static final Duration WITHIN = Duration.ofMinutes(1);
  private static final int MOST_PLACES = 10_000;

  private final Clock clock;
  private final Map<String, Deque<Instant>> byAddress =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Deque<Instant>> eldest) {
          return size() > MOST_PLACES;
        }
      };

  FailedAttempts(Clock clock) {
    this.clock = clock;
  }

  /** Whether an address has to wait. */
  synchronized boolean tooMany(String address) {
    Deque<Instant> times = byAddress.get(address);
    if (times == null) {
      return false;
    }
    Instant since = clock.instant().minus(WITHIN);
    while (!times.isEmpty() && times.getFirst().isBefore(since)) {
      times.removeFirst();
    }
    return times.size() >= MOST;
  }

  synchronized void add(String address) {
    byAddress.computeIfAbsent(address, key -> new ArrayDeque<>()).addLast(clock.instant());
  }
}
