package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.SqlFailure;
import dev.polyphase.orchestrator.queue.QueueRow.Wish;
import dev.polyphase.orchestrator.queue.QueuedRun.State;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The runs that wait, run or are done, in the database: whoever opens it sees the same. */
public final class RunQueue {
  private final Database database;
  private final Path home;
  private final Clock clock;

  /**
   * The queue in a database.
   *
   * @param home {@code POLYPHASE_HOME}, which holds what the runs of this machine's queue leave
   */
  public RunQueue(Database database, Path home, Clock clock) {
    this.database = database;
    this.home = home.toAbsolutePath().normalize();
    this.clock = clock;
  }

  /**
   * Puts a pipeline into the queue.
   *
   * @throws InputException where it is wrong; nothing was written
   */
  public QueuedRun submit(Submission submission) throws IOException {
    return submit(submission, PipelineReader.text(submission.pipeline()));
  }

  /**
   * Puts a pipeline into the queue that need not be a file.
   *
   * @param submission of which the pipeline's path says what messages call it, and its folder what
   *     its paths are relative to
   * @param text the pipeline
   * @throws InputException where it is wrong; nothing was written
   */
  public QueuedRun submit(Submission submission, String text) {
    List<String> sets = new ArrayList<>(submission.sets());
    if (submission.device() != null) {
      sets.add("device=" + submission.device());
    }
    Pipeline pipeline = PipelineReader.parse(text, InputFile.name(submission.pipeline()), sets);
    QueueTable.New entry = entry(submission, pipeline, text, sets);
    return require(database.transaction(connection -> add(connection, submission, entry)));
  }

  /** Adds a row, unless it is there or in the way of another; returns its number. */
  private long add(Connection connection, Submission submission, QueueTable.New entry)
      throws SQLException {
    // In this order: where the folder is taken by this very submission, made by another process
    // meanwhile, the later look at its key finds it.
    Optional<QueueRow> there = QueueTable.active(connection, entry.run());
    Optional<QueueRow> before = QueueTable.keyed(connection, submission.key());
    if (before.isPresent()) {
      return before.get().run().number();
    }
    requireFree(entry.run(), there);
    @Nullable Long after =
        submission.after() == null ? null : after(connection, submission.after());
    try {
      return QueueTable.add(connection, entry, after, clock.instant());
    } catch (SQLException e) {
      // Another process was faster between the look and this. Once more: the next look finds its
      // run, or that it is at its end already.
      throw SqlFailure.isDuplicate(e)
          ? new SQLTransientException(e.getMessage(), e.getSQLState(), e.getErrorCode(), e)
          : e;
    }
  }

  private static QueueTable.New entry(
      Submission submission, Pipeline pipeline, String text, List<String> sets) {
    Path file =
        InputFile.isStream(submission.pipeline())
            ? Path.of("pipeline.yaml").toAbsolutePath()
            : submission.pipeline().toAbsolutePath().normalize();
    Path output =
        (submission.output() == null ? Path.of(pipeline.outputDir()) : submission.output())
            .toAbsolutePath()
            .normalize();
    return new QueueTable.New(
        pipeline.name(),
        file,
        Objects.requireNonNull(file.getParent()),
        text,
        sets,
        output,
        pipeline.devices(),
        submission.priority(),
        submission.key());
  }

  private static void requireFree(Path run, Optional<QueueRow> other) {
    if (other.isPresent()) {
      QueuedRun there = other.get().run();
      throw new InputException(
          "%s is the folder of run %d of the queue, which is %s; wait for it, cancel it (polyphase queue cancel %d), or choose another name or --output"
              .formatted(run, there.number(), word(there.state()), there.number()));
    }
  }

  /** The number of the one that is meant. */
  private static long after(Connection connection, String meant) throws SQLException {
    Optional<QueueRow> found =
        meant.matches("\\d{1,18}")
            ? QueueTable.find(connection, Long.parseLong(meant))
            : QueueTable.latest(connection, meant);
    if (found.isEmpty()) {
      throw new InputException(
          "the queue has no run %s to begin after; polyphase queue lists them".formatted(meant));
    }
    QueuedRun run = found.get().run();
    if (run.state() == State.FAILED || run.state() == State.CANCELLED) {
      throw new InputException(
          "run %d (%s) of the queue is %s, so nothing can begin after it; resume it first (polyphase queue resume %d)"
              .formatted(run.number(), run.name(), word(run.state()), run.number()));
    }
    return run.number();
  }

  /** All, the latest first. */
  public List<QueuedRun> all() {
    return database.transaction(QueueTable::all).stream().map(QueueRow::run).toList();
  }

  /** The one with a number. */
  public Optional<QueuedRun> find(long number) {
    return database
        .transaction(connection -> QueueTable.find(connection, number))
        .map(QueueRow::run);
  }

  private QueuedRun require(long number) {
    return find(number).orElseThrow(() -> absent(number));
  }

  private static InputException absent(long number) {
    return new InputException(
        "the queue has no run %d; polyphase queue lists them".formatted(number));
  }

  /**
   * Takes one out; where it runs its process is asked to stop.
   *
   * @throws InputException where it is at its end already, or was never there
   */
  public QueuedRun cancel(long number) {
    return change(
        number,
        (connection, run) ->
            switch (run.state()) {
              case WAITING, STOPPED, FAILED ->
                  QueueTable.end(connection, run, State.CANCELLED, null, clock.instant());
              case RUNNING, STOPPING -> QueueTable.wish(connection, number, Wish.CANCEL);
              case FINISHED, CANCELLED -> throw refused(run, "there is nothing to cancel");
            });
  }

  /**
   * Asks one that runs to stop after its step, with its state saved; one that waits does not begin.
   *
   * @throws InputException where it does neither
   */
  public QueuedRun stop(long number) {
    return change(
        number,
        (connection, run) ->
            switch (run.state()) {
              case WAITING -> QueueTable.end(connection, run, State.STOPPED, null, clock.instant());
              case RUNNING, STOPPING -> QueueTable.wish(connection, number, Wish.STOP);
              case STOPPED, FINISHED, FAILED, CANCELLED ->
                  throw refused(run, "there is nothing to stop");
            });
  }

  /**
   * Lets one that was stopped, failed or cancelled wait for its turn again.
   *
   * @throws InputException where it was not, or another run of its folder is in the queue
   */
  public QueuedRun resume(long number) {
    return change(
        number,
        (connection, run) ->
            switch (run.state()) {
              case STOPPED, FAILED, CANCELLED -> {
                requireFree(run.run(), QueueTable.active(connection, run.run()));
                yield QueueTable.waitAgain(connection, run);
              }
              case STOPPING -> throw refused(run, "wait until it has stopped");
              case WAITING, RUNNING, FINISHED -> throw refused(run, "there is nothing to resume");
            });
  }

  /** What becomes of a run; how many rows were changed, 0 where its state was another by then. */
  @FunctionalInterface
  private interface Change {
    int of(Connection connection, QueuedRun run) throws SQLException;
  }

  private QueuedRun change(long number, Change change) {
    return database.transaction(
        connection -> {
          // Its worker may change it between the look and the change: then it is looked at anew.
          while (true) {
            QueueRow row = QueueTable.find(connection, number).orElseThrow(() -> absent(number));
            if (change.of(connection, row.run()) == 1) {
              return QueueTable.find(connection, number).orElseThrow(() -> absent(number)).run();
            }
          }
        });
  }

  private static InputException refused(QueuedRun run, String why) {
    return new InputException(
        "run %d (%s) of the queue is %s; %s"
            .formatted(run.number(), run.name(), word(run.state()), why));
  }

  private static String word(State state) {
    return state.name().toLowerCase(Locale.ROOT);
  }

  /** The pipeline of one as it was submitted. */
  public Optional<String> text(long number) {
    return database
        .transaction(connection -> QueueTable.find(connection, number))
        .map(QueueRow::yaml);
  }

  /** The file in which the process of a run of the queue leaves what it says. */
  public Path console(long number) {
    return database
        .transaction(connection -> QueueTable.find(connection, number))
        .map(QueueRow::child)
        .orElseGet(() -> new ChildFolder(home, number))
        .console();
  }

  /** Whether there is a worker, here or elsewhere, that starts what waits. */
  public boolean isServed() {
    return Workers.anyAlive(database, clock.instant());
  }

  Database database() {
    return database;
  }

  Path home() {
    return home;
  }

  Clock clock() {
    return clock;
  }
}
