package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.queue.QueueRow.Wish;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a queued run whose process has ended.
 *
 * @param state where it stands
 * @param failures how often it failed at what can pass
 * @param notBefore when it is tried again; or null
 * @param message what a user is told of it; or null
 */
record Settlement(
    State state, int failures, @Nullable Instant notBefore, @Nullable String message) {
  /** The exit code of a process that TERM ended. */
  private static final int ASKED = 128 + 15;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'", Locale.ROOT)
          .withZone(ZoneOffset.UTC);

  /** Decides it from what was wished for and how the process ended. */
  static Settlement of(QueueRow row, ChildOutcome outcome, Retries retries, Instant now) {
    @Nullable Wish wish = row.wish();
    return switch (outcome.cause()) {
      case DONE -> new Settlement(State.FINISHED, 0, null, null);
      case INTERRUPTED -> interrupted(row, outcome);
      case INPUT, MEMORY, FAILED ->
          wish == Wish.CANCEL ? cancelled(row) : failed(row, said(outcome));
      case BUSY, DEVICE, DISK, KILLED -> {
        if (wish == Wish.CANCEL) {
          yield cancelled(row);
        }
        if (wish != null) {
          // Before it has begun there is no state to save: it ends at once when it is asked to.
          State state = wish == Wish.STOP ? State.STOPPED : State.WAITING;
          boolean asked = outcome.exit() == ASKED;
          yield new Settlement(state, row.failures(), null, asked ? null : said(outcome));
        }
        yield again(row, said(outcome), retries, now);
      }
    };
  }

  private static Settlement interrupted(QueueRow row, ChildOutcome outcome) {
    if (row.wish() == null) {
      return new Settlement(
          State.STOPPED, row.failures(), null, "its process was asked to stop by somebody else");
    }
    return switch (row.wish()) {
      case STOP -> new Settlement(State.STOPPED, row.failures(), null, outcome.message());
      case CANCEL -> cancelled(row);
      case WAIT -> new Settlement(State.WAITING, row.failures(), null, null);
    };
  }

  private static Settlement cancelled(QueueRow row) {
    return new Settlement(State.CANCELLED, row.failures(), null, null);
  }

  private static Settlement failed(QueueRow row, String message) {
    return new Settlement(State.FAILED, row.failures(), null, message);
  }

  private static Settlement again(QueueRow row, String said, Retries retries, Instant now) {
    int failures = row.failures() + 1;
    Optional<Duration> wait = retries.after(failures);
    if (wait.isEmpty()) {
      return failed(
          row, "%s; it was tried %d times, and is not tried again".formatted(said, failures));
    }
    Instant next = now.plus(wait.get());
    return new Settlement(
        State.WAITING,
        failures,
        next,
        "%s; it is tried again at %s, %d of %d times"
            .formatted(said, TIME.format(next), failures, retries.waits().size()));
  }

  private static String said(ChildOutcome outcome) {
    return Objects.requireNonNullElse(outcome.message(), "its process failed");
  }
}
