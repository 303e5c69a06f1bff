package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Database;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** The runs that wait, run or are done, in the database: whoever opens it sees the same. */
@SuppressWarnings("DoNotCallSuggester")
public final class RunQueue {

  /**
   * The queue in a database.
   *
   * @param home {@code POLYPHASE_HOME}, which holds the pipelines as they were submitted
   */
  public RunQueue(Database database, Path home, Clock clock) {}

  /**
   * Puts a pipeline into the queue.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where it is wrong; nothing was written
   */
  public QueuedRun submit(Submission submission) throws IOException {
    throw new UnsupportedOperationException(submission.toString());
  }

  /** All, the latest first. */
  public List<QueuedRun> all() {
    throw new UnsupportedOperationException();
  }

  /** The one with a number. */
  public Optional<QueuedRun> find(long number) {
    throw new UnsupportedOperationException();
  }

  /** Takes one out; where it runs its process is asked to stop. */
  public QueuedRun cancel(long number) {
    throw new UnsupportedOperationException();
  }

  /** Asks one that runs to stop after its step, with its state saved. */
  public QueuedRun stop(long number) {
    throw new UnsupportedOperationException();
  }

  /** Lets one that was stopped, failed or cancelled wait for its turn again. */
  public QueuedRun resume(long number) {
    throw new UnsupportedOperationException();
  }
}
