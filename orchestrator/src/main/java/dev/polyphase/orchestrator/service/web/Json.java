package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.schedule.Schedule;
import dev.polyphase.orchestrator.service.watch.RunProgress;
import dev.polyphase.orchestrator.service.watch.RunRow;
import dev.polyphase.pipelines.problems.Problem;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the service knows as JSON. Scripts read it: the keys are a contract. */
final class Json {
  private Json() {}

  static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  static ObjectNode run(RunRow run) {
    RunProgress progress = run.progress();
    ObjectNode node = object();
    node.put("id", run.id());
    node.put("name", run.name());
    node.put("folder", run.folder().toString());
    node.put("status", run.status().name().toLowerCase(Locale.ROOT));
    node.put("alive", run.alive());
    node.put("message", run.message());
    node.put("started", text(run.started()));
    node.put("updated", text(run.updated()));
    node.put("phase", run.phase());
    node.put("finished_phases", run.finishedPhases());
    node.put("phases", run.phases());
    node.put("step", progress.step());
    node.put("total_steps", progress.totalSteps());
    node.put("seconds_left", progress.secondsLeft());
    node.put("loss", progress.loss());
    node.put("tokens_per_second", progress.tokensPerSecond());
    node.put("activity", progress.activity());
    node.put("queue_number", run.queueNumber());
    return node;
  }

  static ObjectNode queued(QueuedRun entry) {
    ObjectNode node = object();
    node.put("number", entry.number());
    node.put("name", entry.name());
    node.put("pipeline", entry.pipeline().toString());
    node.put("run", entry.run().toString());
    node.put("run_id", KnownFolders.id(entry.run()));
    node.put("state", entry.state().name().toLowerCase(Locale.ROOT));
    node.put("priority", entry.priority());
    node.put("after", entry.after());
    node.put("device", entry.device());
    node.put("attempts", entry.attempts());
    node.put("not_before", text(entry.notBefore()));
    node.put("message", entry.message());
    node.put("pid", entry.pid());
    node.put("submitted", text(entry.submitted()));
    node.put("started", text(entry.started()));
    node.put("ended", text(entry.ended()));
    return node;
  }

  static ObjectNode schedule(Schedule schedule) {
    ObjectNode node = object();
    node.put("name", schedule.name());
    node.put("pipeline", schedule.pipeline().toString());
    node.put("cron", schedule.cron());
    node.put("timezone", schedule.timezone().getId());
    node.put("missed", schedule.missed().name().toLowerCase(Locale.ROOT));
    node.put("paused", schedule.paused());
    node.put("previous", text(schedule.previous()));
    node.put("next", text(schedule.next()));
    node.put("queued", schedule.queued());
    node.put("failure", schedule.failure());
    node.put("priority", schedule.priority());
    node.put("device", schedule.device());
    ArrayNode sets = node.putArray("set");
    schedule.sets().forEach(sets::add);
    @Nullable Path output = schedule.output();
    node.put("output", output == null ? null : output.toString());
    return node;
  }

  static ObjectNode problems(List<Problem> problems) {
    ObjectNode node = object();
    ArrayNode list = node.putArray("problems");
    for (Problem problem : problems) {
      ObjectNode one = list.addObject();
      one.put("place", problem.place() == null ? null : problem.place().toString());
      one.put("sentence", problem.sentence());
    }
    return node;
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
