package dev.polyphase.orchestrator.hub;

import dev.polyphase.orchestrator.hub.DownloadListener.Waiter;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.time.Duration;
import java.util.Optional;

/** What failed and may go better a moment later. */
final class TryAgainException extends Exception {
  private final Optional<Duration> asked;
  private final boolean reached;

  private TryAgainException(String sentence, Optional<Duration> asked, boolean reached) {
    super(sentence);
    this.asked = asked;
    this.reached = reached;
  }

  /** The hub, or who serves its files, could not be spoken to. */
  static TryAgainException unreached(String sentence, Throwable cause) {
    TryAgainException failure = new TryAgainException(sentence, Optional.empty(), false);
    failure.initCause(cause);
    return failure;
  }

  /**
   * It answered with less than was asked for.
   *
   * @param asked how long it asks to wait
   */
  static TryAgainException answered(String sentence, Optional<Duration> asked) {
    return new TryAgainException(sentence, asked, true);
  }

  /** Whether there was an answer. */
  boolean reached() {
    return reached;
  }

  /** How often something was tried, and how long to wait before it is again. */
  static final class Tries {
    private static final int MOST = 6;

    /** A command that seems to stand still is worse than one that ends. */
    private static final Duration LONGEST = Duration.ofMinutes(5);

    private final Waiter waiter;
    private int failed;

    Tries(Waiter waiter) {
      this.waiter = waiter;
    }

    /**
     * Waits 1, 2, 4, 8, 16 seconds, or as long as the hub asks.
     *
     * @throws OperationFailedException if it was tried often enough
     */
    void failed(TryAgainException failure) throws InterruptedException {
      failed++;
      Duration wait = failure.asked.orElse(Duration.ofSeconds(1L << (failed - 1)));
      if (failed == MOST || wait.compareTo(LONGEST) > 0) {
        throw new OperationFailedException(
            failure.getMessage()
                + failure
                    .asked
                    .filter(asked -> asked.compareTo(LONGEST) > 0)
                    .map(asked -> "; run the command again in %,d s".formatted(asked.toSeconds()))
                    .orElse("; run the command again later, and it goes on from there"),
            failure);
      }
      waiter.await(wait);
    }

    /** A good part of it came through: what fails next is new. */
    void wentOn() {
      failed = 0;
    }
  }
}
