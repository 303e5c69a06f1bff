package dev.polyphase.orchestrator.service.watch;

import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.store.RunState;
import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A run as lists of runs show it: what its folder says, and the queue.
 *
 * @param id the first twelve digits of the SHA-256 of its folder's absolute path, in hexadecimal
 * @param name the pipeline's name
 * @param folder the run's folder, absolute; a run that waits may not have made it
 * @param status where it stands
 * @param alive whether a process runs it
 * @param message why it failed, waits or was interrupted; or null
 * @param started when it began; null before
 * @param updated when its state was written last; null before
 * @param phase the name of the phase that it is in, or was in last
 * @param finishedPhases how many phases are done
 * @param phases how many there are; 0 while that isn't known
 * @param progress where it is within the phase; only of one that runs
 * @param queueNumber its number in the queue; null where it wasn't started from there
 */
public record RunRow(
    String id,
    String name,
    Path folder,
    Status status,
    boolean alive,
    @Nullable String message,
    @Nullable Instant started,
    @Nullable Instant updated,
    @Nullable String phase,
    int finishedPhases,
    int phases,
    RunProgress progress,
    @Nullable Long queueNumber) {
  /** Where a run stands, its place in the queue considered. */
  public enum Status {
    /** It waits in the queue. */
    WAITING,
    /** A process works on it. */
    RUNNING,
    /** It was asked to stop and still works. */
    STOPPING,
    /** It stopped with its state saved, or its process died: it can be resumed. */
    INTERRUPTED,
    /** It stopped at a fault. */
    FAILED,
    /** All phases are done. */
    FINISHED,
    /** What its folder says of it can't be understood. */
    UNKNOWN
  }

  /** A run with a folder, and the last that the queue knows of it. */
  static RunRow of(IndexedRun run, @Nullable QueuedRun queued, RunProgress progress) {
    @Nullable String queueMessage =
        queued != null && queued.state() == QueuedRun.State.WAITING ? queued.message() : null;
    boolean runs = run.alive();
    // Between two phases the log still tells of the one that is done.
    boolean inPhase =
        progress.phase() == null || run.phase() == null || progress.phase().equals(run.phase());
    return new RunRow(
        run.id(),
        run.name(),
        run.folder(),
        status(run, queued),
        runs,
        queueMessage == null ? run.message() : queueMessage,
        run.started(),
        run.updated(),
        run.phase() == null ? progress.phase() : run.phase(),
        run.finishedPhases(),
        run.phases(),
        runs && inPhase ? progress : RunProgress.NONE,
        queued == null ? null : (Long) queued.number());
  }

  /** One that the queue alone knows, since it has not made its folder. */
  static RunRow of(QueuedRun queued) {
    Status status =
        switch (queued.state()) {
          case WAITING -> Status.WAITING;
          case RUNNING -> Status.RUNNING;
          case STOPPING -> Status.STOPPING;
          case STOPPED, CANCELLED -> Status.INTERRUPTED;
          case FAILED -> Status.FAILED;
          case FINISHED -> Status.FINISHED;
        };
    return new RunRow(
        KnownFolders.id(queued.run()),
        queued.name(),
        queued.run(),
        status,
        status == Status.RUNNING || status == Status.STOPPING,
        queued.message(),
        queued.started(),
        null,
        null,
        0,
        0,
        RunProgress.NONE,
        queued.number());
  }

  private static Status status(IndexedRun run, @Nullable QueuedRun queued) {
    if (queued != null) {
      switch (queued.state()) {
        case WAITING -> {
          return Status.WAITING;
        }
        case RUNNING -> {
          return Status.RUNNING;
        }
        case STOPPING -> {
          return Status.STOPPING;
        }
        case STOPPED, FINISHED, FAILED, CANCELLED -> {}
      }
    }
    RunState.@Nullable Status status = run.status();
    if (status == null) {
      return Status.UNKNOWN;
    }
    return switch (status) {
      case RUNNING -> run.alive() ? Status.RUNNING : Status.INTERRUPTED;
      case INTERRUPTED -> Status.INTERRUPTED;
      case FAILED -> Status.FAILED;
      case FINISHED -> Status.FINISHED;
    };
  }
}
