package dev.polyphase.orchestrator.service.web;

import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;

/** Browsers that have shown the token, by what their cookie says; forgotten with the service. */
final class Sessions {
  private static final Duration LAST_FOR = Duration.ofDays(7);
  private static final int MOST = 1000;
  private static final int BYTES = 32;

  private final SecureRandom random = new SecureRandom();
  private final Clock clock;
  private final Map<String, Instant> ends =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Instant> eldest) {
          return size() > MOST;
        }
      };

  Sessions(Clock clock) {
    this.clock = clock;
  }

  /** Begins one and returns what its cookie is to say. */
  synchronized String begin() {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    String id = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    ends.put(id, clock.instant().plus(LAST_FOR));
    return id;
  }

  /** Whether a cookie's value is that of a session. */
  synchronized boolean holds(String id) {
    Instant end = ends.getOrDefault(id, Instant.MIN);
    return clock.instant().isBefore(end);
  }

  synchronized void end(String id) {
    ends.remove(id);
  }
}
