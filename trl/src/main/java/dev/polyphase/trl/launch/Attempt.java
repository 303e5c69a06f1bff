package dev.polyphase.trl.launch;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * An attempt at a job that is about to be launched, and the names of its folder.
 *
 * @param folder the engine folder, absolute
 */
record Attempt(Path folder, int number) {

  /** Ends what an earlier attempt left, and removes what it said. */
  static Attempt begin(Path engineFolder, int number, Programs programs) throws IOException {
    Attempt attempt = new Attempt(engineFolder.toAbsolutePath().normalize(), number);
    Optional<Job> earlier = Job.read(attempt.folder, programs);
    if (earlier.isPresent() && !wasLeftToTheCommand(earlier.get())) {
      earlier.get().cancel();
    }
    attempt.removeWhatWasSaid();
    return attempt;
  }

  /** Ending it again by the user's command would fail where there is nothing left to end. */
  private static boolean wasLeftToTheCommand(Job job) throws IOException {
    return job instanceof CommandJob command
        && (command.state() == JobState.HANDED_OVER
            || (command.state() == JobState.ENDED && command.cancelLine().isPresent()));
  }

  private void removeWhatWasSaid() throws IOException {
    Path stop = folder.resolve("stop");
    try {
      Files.deleteIfExists(folder.resolve("outcome.json"));
      Files.deleteIfExists(exitCode());
      if (Files.exists(stop) && Files.size(stop) > 0) {
        Files.delete(stop);
      }
    } catch (IOException e) {
      throw FileFailure.writing(folder, e);
    }
  }

  Path driver() {
    return folder.resolve("driver.py");
  }

  Path log() {
    return folder.resolve("driver.log");
  }

  /** Where a command's exit code is kept. */
  Path exitCode() {
    return exitCode(folder);
  }

  static Path exitCode(Path engineFolder) {
    return engineFolder.resolve("command.exit");
  }

  /** The driver's arguments: the program and the folder. */
  List<String> driverCommand() {
    return List.of(driver().toString(), folder.toString());
  }

  void record(Job job) throws IOException {
    LaunchFile.of(folder).write(job);
  }
}
