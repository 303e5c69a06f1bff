package dev.polyphase.orchestrator.service.web;

import dev.polyphase.pipelines.problems.Problem;
import java.util.List;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.util.Callback;

/** What the server says of requests that never get to a route: as JSON, and not how it is made. */
final class PlainErrors extends ErrorHandler {

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    response.getHeaders().put("X-Content-Type-Options", "nosniff");
    response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
    Content.Sink.write(response, true, text(response.getStatus()), callback);
    return true;
  }

  private static String text(int status) {
    String sentence =
        status < 500 ? "this is no request that can be answered" : "this failed in the server";
    return Json.problems(List.of(new Problem(null, sentence))).toString();
  }
}
