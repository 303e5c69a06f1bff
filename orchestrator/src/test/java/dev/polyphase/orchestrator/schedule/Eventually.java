package dev.polyphase.orchestrator.schedule;

import static org.assertj.core.api.Assertions.fail;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Waits for what others do, no longer than anyone would. */
final class Eventually {
  private static final Duration PATIENCE = Duration.ofSeconds(90);
  private static final Duration PAUSE = Duration.ofMillis(20);

  private Eventually() {}

  /** The first value that is as wanted. */
  static <T> T get(Callable<T> value, Predicate<T> wanted) throws Exception {
    Instant deadline = Instant.now().plus(PATIENCE);
    T last = value.call();
    while (!wanted.test(last)) {
      if (Instant.now().isAfter(deadline)) {
        return fail("after %s it is still %s", PATIENCE, last);
      }
      LockSupport.parkNanos(PAUSE.toNanos());
      last = value.call();
    }
    return last;
  }

  /** Waits until a condition holds. */
  static void holds(Callable<Boolean> condition) throws Exception {
    get(condition, held -> held);
  }

  /** Waits until the clock has come to a time. */
  static void at(Instant time) throws Exception {
    get(Instant::now, now -> now.isAfter(time));
  }
}
