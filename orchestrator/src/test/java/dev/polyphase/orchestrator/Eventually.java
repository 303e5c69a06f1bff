package dev.polyphase.orchestrator;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;

/** Waits for what other threads and processes do. */
public final class Eventually {
  private static final Duration DEADLINE = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(20);

  private Eventually() {}

  /** Returns when it holds. */
  public static void holds(Callable<Boolean> condition) {
    holds(() -> "it did not come to hold", condition);
  }

  /**
   * Returns when it holds.
   *
   * @param state what there is instead, when the deadline has passed
   */
  public static void holds(Callable<String> state, Callable<Boolean> condition) {
    get(condition, held -> held, held -> state.call());
  }

  /** The first value that is as wanted. */
  public static <T> T get(Callable<T> value, Predicate<T> wanted) {
    return get(value, wanted, last -> "after %s it is still %s".formatted(DEADLINE, last));
  }

  private static <T> T get(Callable<T> value, Predicate<T> wanted, Saying<T> instead) {
    long until = System.nanoTime() + DEADLINE.toNanos();
    try {
      T last = value.call();
      while (!wanted.test(last)) {
        if (System.nanoTime() - until > 0) {
          throw new AssertionError(instead.of(last));
        }
        LockSupport.parkNanos(LOOK.toNanos());
        last = value.call();
      }
      return last;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** What is said of a value. */
  private interface Saying<T> {
    String of(T value) throws Exception;
  }

  /** Returns when the clock has come to a time. */
  public static void at(Instant time) {
    holds(() -> Instant.now().isAfter(time));
  }
}
