package dev.polyphase.orchestrator.service.watch;

import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.schedule.Schedule;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was there at one look: of two snapshots each part that is equal has not changed between.
 *
 * @param number goes up with each snapshot that tells something new
 * @param runs all runs, the latest first
 * @param queue all that is in the queue
 * @param schedules all schedules
 * @param versions of each run that is watched a number that goes up with each change in its folder
 */
public record Snapshot(
    long number,
    List<RunRow> runs,
    List<QueuedRun> queue,
    List<Schedule> schedules,
    Map<String, Long> versions) {
  /** Nothing yet. */
  static final Snapshot EMPTY = new Snapshot(0, List.of(), List.of(), List.of(), Map.of());

  /** A snapshot that can't change. */
  public Snapshot {
    runs = List.copyOf(runs);
    queue = List.copyOf(queue);
    schedules = List.copyOf(schedules);
    versions = Map.copyOf(versions);
  }

  /** Whether another one tells the same. */
  boolean tellsAs(Snapshot other) {
    return runs.equals(other.runs)
        && queue.equals(other.queue)
        && schedules.equals(other.schedules)
        && versions.equals(other.versions);
  }

  /** The run with an id. */
  public Optional<RunRow> run(String id) {
    return runs.stream().filter(row -> row.id().equals(id)).findFirst();
  }

  /** How often the run's folder has changed; 0 for one that isn't watched. */
  public long version(String id) {
    return versions.getOrDefault(id, 0L);
  }
}
