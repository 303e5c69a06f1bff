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
 * @param previous when it submitted last; or null
 * @param next when it submits next; or null
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
    @Nullable Instant next) {

  /** What becomes of times that passed while no service ran. */
  public enum Missed {
    /** However many there were, it is submitted once. */
    ONCE,
    /** They are passed over. */
    SKIP
  }
}
