package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.RunIndex;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.time.Clock;
import java.util.Map;

/**
 * The database of index, queue and schedules, for commands that need it, which is opened by those
 * alone.
 *
 * @param environment variables, among them which database it is
 */
record Stores(PolyphaseHome home, Map<String, String> environment, Console console) {

  /** What a command does with the database. */
  @FunctionalInterface
  interface Doing {
    /** Does it, and returns the command's exit code. */
    int with(RunIndex index, RunQueue queue) throws IOException;
  }

  /** Opens it for one command. */
  int run(Doing doing) throws IOException {
    try (Database database = open()) {
      return doing.with(
          new RunIndex(database, home.path()),
          new RunQueue(database, home.path(), Clock.systemUTC()));
    }
  }

  /** What a command does with the schedules. */
  @FunctionalInterface
  interface Scheduling {
    /** Does it. */
    void with(Schedules schedules) throws IOException;
  }

  /** Opens the schedules for one command, which does not submit by the clock. */
  int schedules(Scheduling doing) throws IOException {
    try (Database database = open();
        Schedules schedules =
            new Schedules(database, new RunQueue(database, home.path(), Clock.systemUTC()))) {
      doing.with(schedules);
      return ExitCode.DONE;
    }
  }

  private Database open() throws IOException {
    return Database.open(
        home.path(), environment, sentence -> console.messages().println(PlainText.of(sentence)));
  }
}
