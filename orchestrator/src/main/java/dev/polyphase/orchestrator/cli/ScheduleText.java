package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.schedule.Schedule;
import dev.polyphase.orchestrator.schedule.ScheduleJson;
import dev.polyphase.orchestrator.schedule.Schedules.Upcoming;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Schedules as people and scripts read them. */
final class ScheduleText {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("EEE yyyy-MM-dd HH:mm:ss xxx", Locale.ROOT);

  private ScheduleText() {}

  /** A table of all, and below it what failed last. */
  static String table(List<Schedule> schedules) {
    if (schedules.isEmpty()) {
      return "There are no schedules.\n";
    }
    TextTable table = new TextTable("name", "cron", "time zone", "missed", "next", "last", "run");
    StringBuilder failures = new StringBuilder();
    for (Schedule schedule : schedules) {
      table.row(
          schedule.name(),
          schedule.cron(),
          schedule.timezone(),
          schedule.missed().name().toLowerCase(Locale.ROOT),
          next(schedule),
          time(schedule.previous(), schedule.timezone()),
          schedule.failure() != null ? "failed" : queued(schedule));
      if (schedule.failure() != null) {
        failures.append(
            "%s: nothing was submitted for %s: %s\n"
                .formatted(
                    schedule.name(),
                    time(schedule.previous(), schedule.timezone()),
                    schedule.failure()));
      }
    }
    return table.text() + failures;
  }

  private static String next(Schedule schedule) {
    if (schedule.paused()) {
      return "paused";
    }
    return schedule.next() == null ? "never" : time(schedule.next(), schedule.timezone());
  }

  private static String queued(Schedule schedule) {
    return schedule.queued() == null ? "-" : schedule.queued().toString();
  }

  static String time(@Nullable Instant time, ZoneId zone) {
    return time == null ? "-" : TIME.format(time.atZone(zone));
  }

  /** One JSON object. */
  static String json(List<Schedule> schedules) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    ArrayNode all = json.putArray("schedules");
    schedules.forEach(schedule -> all.add(ScheduleJson.of(schedule)));
    return json.toPrettyString() + "\n";
  }

  /** What to do where the nights have one run between them; nothing where each has its own. */
  static Optional<String> sameRun(List<Upcoming> upcoming, ZoneId zone) {
    Map<Path, Instant> first = new HashMap<>();
    for (Upcoming next : upcoming) {
      Instant earlier = first.putIfAbsent(next.run(), next.time());
      if (earlier != null) {
        return Optional.of(
            "warning: %s and %s are the same run, %s: what the first finished the second finds done"
                    .formatted(time(earlier, zone), time(next.time(), zone), next.run())
                + " and trains nothing; put {date}, which changes each day, into the pipeline's"
                + " name, as name: nightly-{date}");
      }
    }
    return Optional.empty();
  }
}
