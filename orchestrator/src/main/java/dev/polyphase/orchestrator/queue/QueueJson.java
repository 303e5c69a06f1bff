package dev.polyphase.orchestrator.queue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.index.KnownFolders;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A queued run as JSON, for scripts; times are ISO 8601 in UTC. */
public final class QueueJson {
  private QueueJson() {}

  /** One. */
  public static ObjectNode of(QueuedRun run) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("number", run.number())
        .put("name", run.name())
        .put("pipeline", run.pipeline().toString())
        .put("run", run.run().toString())
        .put("run_id", KnownFolders.id(run.run()))
        .put("state", run.state().name().toLowerCase(Locale.ROOT))
        .put("priority", run.priority())
        .put("after", run.after())
        .put("device", run.device())
        .put("attempts", run.attempts())
        .put("not_before", text(run.notBefore()))
        .put("message", run.message())
        .put("pid", run.pid())
        .put("submitted", text(run.submitted()))
        .put("started", text(run.started()))
        .put("ended", text(run.ended()));
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
