package dev.polyphase.trl.launch;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * A job in Slurm's hands.
 *
 * @param name its name, no other job's
 * @param number what Slurm calls it; empty where the process that queued it ended before it could
 *     write that down
 */
record SlurmJob(Path engineFolder, int attempt, String name, Optional<Id> number, Programs programs)
    implements Job {
  /** Slurm lets processes have some time after it asked them to end; then there are epilogues. */
  private static final Duration TO_END = Duration.ofMinutes(5);

  private static final Duration FIRST_LOOK = Duration.ofMillis(50);
  private static final Duration LAST_LOOK = Duration.ofSeconds(5);

  /**
   * What Slurm calls a job.
   *
   * @param cluster where there are several
   */
  record Id(String job, Optional<String> cluster) {}

  @Override
  public boolean asksOthers() {
    return true;
  }

  @Override
  public JobState state() throws IOException {
    Slurm slurm = new Slurm(programs);
    Slurm.Found found = found(slurm);
    return found.number().isPresent() ? slurm.state(found.number().get()) : found.otherwise();
  }

  private Slurm.Found found(Slurm slurm) throws IOException {
    return number.isPresent() ? new Slurm.Found(number, JobState.UNKNOWN) : slurm.find(name);
  }

  @Override
  public void cancel() throws IOException {
    cancel(TO_END);
  }

  /** The same, with some patience. */
  void cancel(Duration toEnd) throws IOException {
    Slurm slurm = new Slurm(programs);
    Slurm.Found found = found(slurm);
    if (found.number().isEmpty()) {
      if (found.otherwise() != JobState.ENDED) {
        throw new IOException(
            "Slurm does not say whether it has a job named %s; see `squeue --name %s`, end it with scancel and start again"
                .formatted(name, name));
      }
      return;
    }
    end(slurm, found.number().get(), toEnd);
  }

  private static void end(Slurm slurm, Id number, Duration toEnd) throws IOException {
    long until = System.nanoTime() + toEnd.toNanos();
    Duration look = FIRST_LOOK;
    String said = "";
    JobState state = slurm.state(number);
    JobState told = JobState.ENDED;
    while (state != JobState.ENDED) {
      if (System.nanoTime() - until > 0) {
        throw new IOException(
            "Slurm's job %s has not ended %d seconds after scancel%s; see `scontrol show job %s`, end it and start again"
                .formatted(
                    number.job(),
                    toEnd.toSeconds(),
                    said.isEmpty() ? "" : " (" + said + ")",
                    number.job()));
      }
      // Again where it has come back into the queue meanwhile.
      if (state != told) {
        Programs.Answer answer = slurm.cancel(number);
        said = answer.code() == 0 ? "" : answer.failure();
        told = answer.code() == 0 ? state : JobState.ENDED;
      }
      pause(look);
      look = look.multipliedBy(2).compareTo(LAST_LOOK) < 0 ? look.multipliedBy(2) : LAST_LOOK;
      state = slurm.state(number);
    }
  }

  private static void pause(Duration time) throws IOException {
    try {
      Thread.sleep(time.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }
}
