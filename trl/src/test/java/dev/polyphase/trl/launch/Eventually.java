package dev.polyphase.trl.launch;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for what other processes do. */
public final class Eventually {
  private static final Duration DEADLINE = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(20);

  private Eventually() {}

  /**
   * Returns when it holds.
   *
   * @param state what there is instead, when the deadline has passed
   */
  public static void holds(Callable<String> state, Callable<Boolean> condition) {
    long until = System.nanoTime() + DEADLINE.toNanos();
    try {
      while (!condition.call()) {
        if (System.nanoTime() - until > 0) {
          throw new AssertionError(state.call());
        }
        LockSupport.parkNanos(LOOK.toNanos());
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
