package dev.polyphase.orchestrator.service.web;

import io.javalin.http.Context;
import org.jspecify.annotations.Nullable;

/** Numbers in the query of a request. */
final class Parameters {
  private Parameters() {}

  /** A whole number from 0 on, or what is taken where there is none. */
  static long number(Context request, String name, long otherwise) {
    @Nullable String text = request.queryParam(name);
    if (text == null) {
      return otherwise;
    }
    if (!text.matches("\\d{1,15}")) {
      throw new Refusal(Refusal.BAD_REQUEST, name + " must be a whole number from 0 on");
    }
    return Long.parseLong(text);
  }
}
