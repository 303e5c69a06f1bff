package dev.polyphase.orchestrator.schedule;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;

/** A schedule as scripts and the page see it. */
public final class ScheduleJson {
  private ScheduleJson() {}

  /** All of it; times are UTC, and what there is not is null. */
  public static ObjectNode of(Schedule schedule) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("name", schedule.name());
    json.put("pipeline", schedule.pipeline().toString());
    json.put("cron", schedule.cron());
    json.put("timezone", schedule.timezone().getId());
    json.put("missed", schedule.missed().name().toLowerCase(Locale.ROOT));
    json.put("paused", schedule.paused());
    json.put("previous", schedule.previous() == null ? null : schedule.previous().toString());
    json.put("next", schedule.next() == null ? null : schedule.next().toString());
    json.put("priority", schedule.priority());
    json.put("device", schedule.device());
    schedule.sets().forEach(json.putArray("set")::add);
    json.put("output", schedule.output() == null ? null : schedule.output().toString());
    json.put("queued", schedule.queued());
    json.put("failure", schedule.failure());
    return json;
  }
}
