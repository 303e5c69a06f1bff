package dev.polyphase.trl;

import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.trl.launch.Job;
import dev.polyphase.trl.launch.JobState;
import dev.polyphase.trl.launch.Launcher;
import dev.polyphase.trl.launch.Programs;
import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A job from its launch to its outcome, or from where an earlier process left it: it is watched by
 * its files, told to stop or to save by others, and started again from its newest checkpoint where
 * it was lost.
 */
final class EngineRun {
  private static final long BETWEEN_LOOKS_MILLIS = 200;

  /** Slurm is not asked more often what has become of a job. */
  private static final double BETWEEN_QUESTIONS_SECONDS = 10;

  /** So long processes may take to end that have said how it went. */
  private static final double TO_END_SECONDS = 60;

  private static final double SECONDS_A_MINUTE = 60;

  private final EngineFolder folder;
  private final String digest;
  private final Phase phase;
  private final TrainingEngine engine;
  private final Launcher launcher;
  private final Programs programs;
  private final PhaseListener listener;
  private final Progress progress;

  private byte[] lastHeartbeat = {};
  private long logBefore;
  private boolean stopOfBefore;

  /**
   * A job that is in a folder.
   *
   * @param digest the job's
   * @param progress hands on what it does
   */
  EngineRun(
      EngineFolder folder,
      String digest,
      Phase phase,
      Launcher launcher,
      Programs programs,
      PhaseListener listener,
      Progress progress) {
    this.folder = folder;
    this.digest = digest;
    this.phase = phase;
    this.engine = phase.engine().orElseThrow();
    this.launcher = launcher;
    this.programs = programs;
    this.listener = listener;
    this.progress = progress;
  }

  /**
   * Waits for the outcome of the job.
   *
   * @return finished, failed, oom or bad_input
   * @throws InterruptedTrainingException where it was stopped
   * @throws TrainingFailedException where it was lost more often than it is started again
   */
  Outcome toItsEnd() throws IOException {
    progress.catchUp();
    Optional<Job> earlier = Job.read(folder.path(), programs);
    // In this order: what a job says after it has ended is its last word.
    boolean mayRun = earlier.isPresent() && mayRun(earlier.get());
    Optional<Outcome> said = Outcome.read(folder, digest);
    boolean isDone = said.isPresent() && said.get().kind() == Outcome.Kind.FINISHED;
    // They go when a phase is done; where its model was removed since, it is trained again.
    if (isDone && Files.isRegularFile(folder.trainedManifest())) {
      if (earlier.isPresent()) {
        letGo(earlier.get());
      }
      progress.poll();
      return said.get();
    }
    forgetWhatWasAsked();
    int attempt = earlier.map(Job::attempt).orElse(0);
    @Nullable Job job = earlier.filter(found -> said.isEmpty() && mayRun).orElse(null);
    if (job != null) {
      logBefore = folder.logBytes();
      listener.note("the job that an earlier process started still runs, and is watched on");
    }
    int withoutProgress = 0;
    while (true) {
      long from = folder.newestCheckpoint();
      if (job == null) {
        if (listener.stopRequested()) {
          throw new InterruptedTrainingException(from);
        }
        attempt++;
        job = launched(attempt);
      }
      Ending ending = watched(job);
      if (ending instanceof Ended ended) {
        letGo(job);
        if (ended.outcome().kind() != Outcome.Kind.STOPPED) {
          return ended.outcome();
        }
        Files.deleteIfExists(folder.stop());
        if (!stopOfBefore || listener.stopRequested()) {
          throw new InterruptedTrainingException(ended.outcome().step());
        }
        // An earlier process had asked for it, and this one is there to go on.
        stopOfBefore = false;
        job = null;
        continue;
      }
      String reason = ((Lost) ending).reason();
      job.cancel();
      job = null;
      progress.poll();
      long kept = folder.newestCheckpoint();
      withoutProgress = kept > from ? 0 : withoutProgress + 1;
      if (withoutProgress > engine.retries()) {
        String others =
            withoutProgress == 1
                ? ""
                : ", like %d attempts before it that made no checkpoint"
                    .formatted(withoutProgress - 1);
        throw new TrainingFailedException(
            "phase %s: %s%s; see %s; the same command starts it again"
                .formatted(phase.name(), reason, others, folder.log()));
      }
      listener.note(
          "%s; it is started again %s"
              .formatted(
                  reason, kept == 0 ? "from the beginning" : "from step %,d".formatted(kept)));
    }
  }

  /** What a process asked for that was killed before the job had heard it; not what Slurm asks. */
  private void forgetWhatWasAsked() throws IOException {
    if (Files.isRegularFile(folder.stop()) && Files.size(folder.stop()) == 0) {
      stopOfBefore = Files.deleteIfExists(folder.stop());
    }
    Files.deleteIfExists(folder.save());
  }

  private Job launched(int attempt) throws IOException {
    progress.forgetHalf();
    logBefore = folder.logBytes();
    stopOfBefore = false;
    Job job = launcher.launch(folder.path(), attempt);
    listener.note("the engine is started; what its processes say is in " + folder.log());
    return job;
  }

  private static boolean mayRun(Job job) {
    try {
      return job.state() != JobState.ENDED;
    } catch (IOException e) {
      return true;
    }
  }

  /** How the watching of a job ends. */
  private sealed interface Ending {}

  private record Ended(Outcome outcome) implements Ending {}

  /** It is gone, or gives no sign of life. */
  private record Lost(String reason) implements Ending {}

  private Ending watched(Job job) throws IOException {
    beats();
    long lastSignNanos = System.nanoTime();
    long lastSavedNanos = lastSignNanos;
    boolean heard = false;
    boolean stopAsked = false;
    Watch watch = new Watch(job);
    while (true) {
      boolean saidMore = progress.poll();
      boolean saved = progress.savedSince();
      if (beats() || saidMore) {
        lastSignNanos = System.nanoTime();
        heard = true;
      }
      lastSavedNanos = saved ? System.nanoTime() : lastSavedNanos;
      boolean isSilent = secondsSince(lastSignNanos) > engine.heartbeatTimeout();
      // In this order: what a job says after it has ended is its last word.
      JobState state = watch.state(isSilent || Files.exists(folder.outcome()));
      Optional<Outcome> outcome = Outcome.read(folder, digest);
      if (outcome.isPresent() && isFinal(outcome.get(), state)) {
        progress.poll();
        return new Ended(outcome.get());
      }
      if (state == JobState.ENDED) {
        return new Lost("the engine's job ended without a word" + lastWords());
      }
      boolean waits = state == JobState.QUEUED || (state == JobState.HANDED_OVER && !heard);
      if (waits) {
        lastSignNanos = System.nanoTime();
        if (listener.stopRequested()) {
          job.cancel();
          throw new InterruptedTrainingException(folder.newestCheckpoint());
        }
      } else if (isSilent) {
        return new Lost(
            "the engine's job gave no sign of life for %.0f seconds%s"
                .formatted(secondsSince(lastSignNanos), lastWords()));
      }
      if (listener.stopRequested() && !stopAsked) {
        make(folder.stop());
        stopAsked = true;
      }
      double saveSeconds = phase.saving().saveMinutes() * SECONDS_A_MINUTE;
      boolean isDue = heard && saveSeconds > 0 && secondsSince(lastSavedNanos) > saveSeconds;
      if (listener.saveRequested() || isDue) {
        make(folder.save());
        lastSavedNanos = System.nanoTime();
      }
      pause();
    }
  }

  /** Asks what has become of a job, not more often than whoever knows likes to be asked. */
  private static final class Watch {
    private final Job job;
    private JobState last;
    private long askedNanos;

    Watch(Job job) throws IOException {
      this.job = job;
      this.last = job.state();
      this.askedNanos = System.nanoTime();
    }

    /**
     * What has become of it.
     *
     * @param now whether something hangs on it
     */
    JobState state(boolean now) throws IOException {
      boolean isCheap = !job.asksOthers();
      if (isCheap || now || secondsSince(askedNanos) > BETWEEN_QUESTIONS_SECONDS) {
        last = job.state();
        askedNanos = System.nanoTime();
      }
      return last;
    }
  }

  private static boolean isFinal(Outcome outcome, JobState state) {
    return outcome.kind() != Outcome.Kind.STOPPED || state.outcomeIsFinal();
  }

  /** What the log ends with. */
  private String lastWords() throws IOException {
    return folder.lastWords(logBefore).map(line -> " (" + line + ")").orElse("");
  }

  /** Whether the heartbeat is another than at the last look. */
  private boolean beats() {
    try {
      byte[] now = Files.readAllBytes(folder.heartbeat());
      boolean another = !Arrays.equals(now, lastHeartbeat);
      lastHeartbeat = now;
      return another;
    } catch (IOException e) {
      return false;
    }
  }

  /** Makes an empty file: one that holds something is not Polyphase's own. */
  private static void make(Path file) throws IOException {
    AtomicFiles.writeString(file, "");
  }

  /**
   * Lets the processes of a job go that has said how it went. That stands, whatever can't be ended.
   */
  private void letGo(Job job) {
    try {
      long sinceNanos = System.nanoTime();
      Watch watch = new Watch(job);
      JobState state = watch.state(false);
      while (!state.outcomeIsFinal() && secondsSince(sinceNanos) < TO_END_SECONDS) {
        pause();
        state = watch.state(false);
      }
      // What was handed over has said itself that it is over.
      if (state != JobState.HANDED_OVER) {
        job.cancel();
      }
    } catch (IOException e) {
      listener.note(String.valueOf(e.getMessage()));
    }
  }

  private static double secondsSince(long nanos) {
    return (System.nanoTime() - nanos) / 1e9;
  }

  private static void pause() {
    try {
      Thread.sleep(BETWEEN_LOOKS_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("nobody interrupts the thread that trains", e);
    }
  }
}
