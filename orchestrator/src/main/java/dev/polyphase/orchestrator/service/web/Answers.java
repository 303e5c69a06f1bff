package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.databind.JsonNode;
import io.javalin.http.Context;

/** What a request is answered with. */
final class Answers {
  private Answers() {}

  static void json(Context request, JsonNode answer) {
    request.result(answer.toString()).contentType("application/json");
  }

  static void text(Context request, String answer) {
    request.result(answer).contentType("text/plain; charset=utf-8");
  }

  static void refusal(Context request, Refusal refusal) {
    request.status(refusal.status());
    json(request, Json.problems(refusal.problems()));
  }
}
