package dev.polyphase.trl.launch;

import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A job that a line of the user's started.
 *
 * @param process the shell that runs the line
 * @param cancelLine the user's line that ends the job, with its values; empty where there is none
 */
record CommandJob(
    Path engineFolder,
    int attempt,
    DetachedProcess process,
    Optional<String> cancelLine,
    Programs programs)
    implements Job {
  /** For the user's line to end a job. */
  private static final Duration TO_CANCEL = Duration.ofMinutes(5);

  private static final String SUCCESS = "0";

  @Override
  public JobState state() throws IOException {
    // In this order: the code is there before the process has ended.
    boolean alive = process.isAlive();
    Optional<String> code = exitCode();
    if (code.isPresent()) {
      return code.get().equals(SUCCESS) ? JobState.HANDED_OVER : JobState.ENDED;
    }
    if (!process.mark().isHere()) {
      return new LocalJob.SignsOfLife(engineFolder).areRecent() ? JobState.UNKNOWN : JobState.ENDED;
    }
    return alive ? JobState.RUNNING : JobState.ENDED;
  }

  private Optional<String> exitCode() throws IOException {
    Path file = Attempt.exitCode(engineFolder);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Files.readString(file).strip());
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }

  @Override
  public void cancel() throws IOException {
    if (cancelLine.isPresent()) {
      // Where it is over nothing may be left that the user's line could end.
      boolean over = state() == JobState.ENDED;
      // What it has started beside the job, as a service of its own, is left alone.
      try {
        endByCommand(cancelLine.get());
      } catch (IOException e) {
        if (!over) {
          throw e;
        }
      } finally {
        process.descent().kill();
      }
    } else if (state() == JobState.HANDED_OVER) {
      throw new IOException(
          "the command that launched the job in %s has returned, and without engine.cancel nothing here can end what it started; end it, then remove %s"
              .formatted(engineFolder, LaunchFile.of(engineFolder).file()));
    } else if (process.mark().isHere()) {
      process.all().kill();
    } else {
      new LocalJob.SignsOfLife(engineFolder).refuseIfRecent(process);
    }
    AtomicFiles.writeString(Attempt.exitCode(engineFolder), "cancelled\n");
  }

  private void endByCommand(String line) throws IOException {
    Programs.Answer answer = programs.run(TO_CANCEL, engineFolder, List.of("/bin/sh", "-c", line));
    if (answer.code() != 0) {
      throw new IOException(
          "engine.cancel could not end the job in %s: %s; end it yourself, then remove %s"
              .formatted(engineFolder, answer.failure(), LaunchFile.of(engineFolder).file()));
    }
  }
}
