package dev.polyphase.orchestrator.schedule;

import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline that is submitted by the clock.
 *
 * @param name what it is called; one schedule a name
 * @param pipeline the file that is submitted, as it is then
 * @param cron when, as Quartz writes it, seconds first
 * @param timezone whose clock is meant
 * @param missed what becomes of times that passed while no service ran
 * @param sets what replaces settings of the pipeline, each {@code KEY=VALUE}
 * @param output the folder of runs, absolute; null for the pipeline's {@code output_dir}, as seen
 *     from the folder that the schedule was made in
 * @param priority of the runs in the queue
 * @param device of the runs; null for any that is free
 * @param paused whether it rests
 * @param previous the time that it was submitted for last, or failed to be; or null
 * @param next when it submits next; null where it rests, or never will again
 * @param queued the number in the queue of what it submitted last; or null
 * @param failure why nothing was submitted at {@code previous}; null where something was
 */
public record Schedule(
    String name,
    Path pipeline,
    String cron,
    ZoneId timezone,
    Missed missed,
    List<String> sets,
    @Nullable Path output,
    int priority,
    @Nullable String device,
    boolean paused,
    @Nullable Instant previous,
    @Nullable Instant next,
    @Nullable Long queued,
    @Nullable String failure) {

  /** What becomes of times that passed while no service ran. */
  public enum Missed {
    /** However many there were, it is submitted once. */
    ONCE,
    /** They are passed over. */
    SKIP
  }

  /** A schedule of what can't change any more. */
  public Schedule {
    sets = List.copyOf(sets);
  }

  /** One that is to be added. */
  public static Schedule of(
      String name,
      Path pipeline,
      String cron,
      ZoneId timezone,
      Missed missed,
      List<String> sets,
      @Nullable Path output,
      int priority,
      @Nullable String device) {
    return new Schedule(
        name, pipeline, cron, timezone, missed, sets, output, priority, device, false, null, null,
        null, null);
  }
}
