package dev.polyphase.orchestrator.queue;

import java.nio.file.Path;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A run in the queue.
 *
 * @param number its number in the queue, from 1 on
 * @param name the run's name
 * @param pipeline the file that it was submitted from
 * @param run the run's folder, absolute
 * @param state where it stands
 * @param priority of two that could begin the one with the higher number begins first
 * @param after the number of the one that must have finished before; or null
 * @param device the device that it asked for, or has; or null
 * @param attempts how often its process was started
 * @param notBefore when it is tried again; or null
 * @param message why it failed, waits or was stopped; or null
 * @param pid the number of its process while it runs; or null
 * @param submitted when it was submitted
 * @param started when its process was started last; or null
 * @param ended when it came to its end; or null
 */
public record QueuedRun(
    long number,
    String name,
    Path pipeline,
    Path run,
    State state,
    int priority,
    @Nullable Long after,
    @Nullable String device,
    int attempts,
    @Nullable Instant notBefore,
    @Nullable String message,
    @Nullable Long pid,
    Instant submitted,
    @Nullable Instant started,
    @Nullable Instant ended) {

  /** Where a queued run stands. */
  public enum State {
    /** It waits for its turn, for another, for a device, or to be tried again. */
    WAITING,
    /** A process runs it. */
    RUNNING,
    /** It was asked to stop and still runs. */
    STOPPING,
    /** It was stopped with its state saved; it can be resumed. */
    STOPPED,
    /** All phases are done. */
    FINISHED,
    /** It failed for good; it can be resumed. */
    FAILED,
    /** It was taken out before its end. */
    CANCELLED
  }
}
