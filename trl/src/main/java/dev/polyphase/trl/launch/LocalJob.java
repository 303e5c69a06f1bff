package dev.polyphase.trl.launch;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * A job of one machine's processes.
 *
 * @param process torchrun, or the driver where there is but one
 */
record LocalJob(Path engineFolder, int attempt, DetachedProcess process) implements Job {

  @Override
  public JobState state() throws IOException {
    if (!process.mark().isHere()) {
      return new SignsOfLife(engineFolder).areRecent() ? JobState.UNKNOWN : JobState.ENDED;
    }
    return process.isAlive() ? JobState.RUNNING : JobState.ENDED;
  }

  @Override
  public void cancel() throws IOException {
    if (process.mark().isHere()) {
      process.all().kill();
    } else {
      new SignsOfLife(engineFolder).refuseIfRecent(process);
    }
  }

  /**
   * What tells of a process that can't be looked at, because it was started on another machine, in
   * another container or before the machine's last start.
   */
  record SignsOfLife(Path engineFolder) {
    /** Six beats of the driver's heart. */
    static final Duration SILENCE = Duration.ofMinutes(3);

    /** Whether the driver's heart, or whoever launched it, was heard of not long ago. */
    boolean areRecent() throws IOException {
      return sinceLast().compareTo(SILENCE) < 0;
    }

    void refuseIfRecent(DetachedProcess process) throws IOException {
      Duration since = sinceLast();
      if (since.compareTo(SILENCE) < 0) {
        throw new IOException(
            "the job in %s was started on %s as process %d, which can't be seen from here, and gave a sign of life %d seconds ago; end it there, or wait: after %d seconds of silence it counts as ended"
                .formatted(
                    engineFolder,
                    process.host(),
                    process.mark().pid(),
                    since.toSeconds(),
                    SILENCE.toSeconds()));
      }
    }

    private Duration sinceLast() throws IOException {
      Instant last = Instant.EPOCH;
      for (String name : new String[] {"launch.json", "heartbeat.json"}) {
        Path file = engineFolder.resolve(name);
        try {
          Instant written = Files.getLastModifiedTime(file).toInstant();
          last = written.isAfter(last) ? written : last;
        } catch (NoSuchFileException e) {
          // It has not said anything yet.
        } catch (IOException e) {
          throw FileFailure.reading(file, e);
        }
      }
      return Duration.between(last, Instant.now());
    }
  }
}
