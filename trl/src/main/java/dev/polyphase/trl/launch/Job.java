package dev.polyphase.trl.launch;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** A job that was started, by this process or by an earlier one. */
public sealed interface Job permits LocalJob, SlurmJob, CommandJob {

  /** The number of the attempt, as it was given to the launcher. */
  int attempt();

  /** Whether others are asked what has become of it, who are not to be asked all the time. */
  default boolean asksOthers() {
    return false;
  }

  /** What has become of it. */
  JobState state() throws IOException;

  /**
   * Ends it: when this returns, no process of it runs any more. For one that has ended this is
   * allowed, and ends what it left behind.
   *
   * @throws IOException where that is not certain, with what to do
   */
  void cancel() throws IOException;

  /**
   * The job that was last launched for an engine folder; empty where none was.
   *
   * @throws InputException where {@code launch.json} is not what a launcher writes
   */
  static Optional<Job> read(Path engineFolder, Programs programs) throws IOException {
    return LaunchFile.of(engineFolder).read(programs);
  }

  /**
   * Ends the job that was last launched for an engine folder, if there is one: the folder is about
   * to go. What a command handed over is left alone where it has said its last word, as nothing is
   * left to end.
   *
   * @throws InputException where {@code launch.json} is not what a launcher writes
   * @throws IOException where it is not certain that none of its processes runs, with what to do
   */
  static void endLast(Path engineFolder, Programs programs) throws IOException {
    Optional<Job> last = read(engineFolder, programs);
    if (last.isPresent() && !isOver(last.get(), engineFolder)) {
      last.get().cancel();
    }
  }

  private static boolean isOver(Job job, Path engineFolder) throws IOException {
    if (!(job instanceof CommandJob command)) {
      // Processes may have outlived what started them.
      return false;
    }
    return switch (command.state()) {
      case ENDED -> command.cancelLine().isPresent();
      case HANDED_OVER -> Files.exists(engineFolder.resolve("outcome.json"));
      case QUEUED, RUNNING, UNKNOWN -> false;
    };
  }
}
