package dev.polyphase.orchestrator.schedule;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import java.io.IOException;
import java.util.List;

/** All schedules, kept by Quartz in the database; they submit only between start and close. */
@SuppressWarnings("DoNotCallSuggester")
public final class Schedules implements AutoCloseable {

  /** The schedules in a database, which submit to a queue. */
  public Schedules(Database database, RunQueue queue) {}

  /** Begins to submit; of several services on one database one submits each time. */
  public void start() {
    throw new UnsupportedOperationException();
  }

  /**
   * Adds one; its {@code paused}, {@code previous} and {@code next} don't count.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where it is wrong or its name is taken
   */
  public Schedule add(Schedule schedule) throws IOException {
    throw new UnsupportedOperationException(schedule.toString());
  }

  /** All, by name. */
  public List<Schedule> all() {
    throw new UnsupportedOperationException();
  }

  /** Lets one rest. */
  public Schedule pause(String name) {
    throw new UnsupportedOperationException(name);
  }

  /** Ends its rest. */
  public Schedule resume(String name) {
    throw new UnsupportedOperationException(name);
  }

  /** Forgets one. */
  public void remove(String name) {
    throw new UnsupportedOperationException(name);
  }

  /** Submits its pipeline now, as it would by the clock. */
  public QueuedRun runNow(String name) throws IOException {
    throw new UnsupportedOperationException(name);
  }

  @Override
  public void close() {}
}
