package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Server-sent events to one who listens. Each is on its way when the call returns; who doesn't take
 * what is sent is let go of when the server's time for writing is over.
 */
final class EventStream {
  private final OutputStream out;

  /** Answers a request with a stream of events. */
  EventStream(Context request) throws IOException {
    request.res().setStatus(200);
    request.res().setContentType("text/event-stream");
    request.res().setCharacterEncoding("utf-8");
    // A proxy that keeps events until a buffer is full keeps them for minutes.
    request.res().setHeader("X-Accel-Buffering", "no");
    out = request.res().getOutputStream();
    out.write(": polyphase\n\n".getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /**
   * Sends an event.
   *
   * @param id what the one who listens shows to go on behind it; null for none
   */
  void send(String event, @Nullable String id, JsonNode data) throws IOException {
    StringBuilder text = new StringBuilder();
    text.append("event: ").append(event).append('\n');
    if (id != null) {
      text.append("id: ").append(id).append('\n');
    }
    text.append("data: ").append(data).append("\n\n");
    out.write(text.toString().getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** Shows that the line is not dead. */
  void ping() throws IOException {
    send("ping", null, Json.object());
  }
}
