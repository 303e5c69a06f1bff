package dev.polyphase.orchestrator.service.web;

import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/** The page and the description of the API, out of the program's own files. */
final class PageFiles {
  private static final String PAGE = "/dev/polyphase/orchestrator/service/page/";
  private static final String UPLOT = "/META-INF/resources/webjars/uplot/1.6.30/dist/";
  private static final String UPLOT_ASSETS = "uplot/";
  private static final String DESCRIPTION = "/dev/polyphase/orchestrator/service/openapi.json";

  /** Nothing that leads out of a folder is a name. */
  private static final Pattern NAME =
      Pattern.compile("([a-zA-Z0-9_-][a-zA-Z0-9._-]*/)*[a-zA-Z0-9_-][a-zA-Z0-9._-]*");

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "svg", "image/svg+xml",
          "json", "application/json",
          "png", "image/png");

  private PageFiles() {}

  static void addTo(RoutesConfig routes) {
    routes.get("/", request -> answer(request, PAGE + "index.html"));
    routes.get("/assets/<path>", PageFiles::asset);
  }

  static void description(Context request) throws IOException {
    answer(request, DESCRIPTION);
  }

  private static void asset(Context request) throws IOException {
    String path = request.pathParam("path");
    if (!NAME.matcher(path).matches()) {
      throw absent();
    }
    answer(
        request,
        path.startsWith(UPLOT_ASSETS)
            ? UPLOT + path.substring(UPLOT_ASSETS.length())
            : PAGE + path);
  }

  private static void answer(Context request, String resource) throws IOException {
    @Nullable String type = TYPES.get(resource.substring(resource.lastIndexOf('.') + 1));
    if (type == null) {
      throw absent();
    }
    byte[] content;
    try (@Nullable InputStream in = PageFiles.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw absent();
      }
      content = in.readAllBytes();
    }
    CRC32 digest = new CRC32();
    digest.update(content);
    String tag = "\"%08x\"".formatted(digest.getValue());
    request.header("ETag", tag);
    // Asked for again each time, so that a new version is seen at once.
    request.header("Cache-Control", "no-cache");
    if (tag.equals(request.header("If-None-Match"))) {
      request.status(304);
    } else {
      request.result(content).contentType(type);
    }
  }

  private static Refusal absent() {
    return new Refusal(Refusal.NOT_FOUND, "there is no such page");
  }
}
