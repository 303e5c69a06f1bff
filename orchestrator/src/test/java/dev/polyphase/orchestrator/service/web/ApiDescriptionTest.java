package dev.polyphase.orchestrator.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiDescriptionTest {
  private static final Set<String> THE_PAGE = Set.of("get /", "get /assets/<path>");
  private static final Set<String> STREAMS = Set.of("get /api/events");

  private final ApiDescription description = new ApiDescription();
  @TempDir Path folder;

  @Test
  void everyRouteIsDescribedAndEveryDescribedPathAnswers() throws IOException {
    try (ServiceLab lab = new ServiceLab(folder)) {
      Set<String> routes = new TreeSet<>();
      lab.web.server().unsafe.internalRouter.allHttpHandlers().stream()
          .map(route -> route.endpoint)
          .filter(route -> route.method.isHttpMethod())
          .forEach(
              route -> routes.add(route.method.name().toLowerCase(Locale.ROOT) + " " + route.path));
      routes.removeAll(THE_PAGE);
      assertThat(description.operations()).isEqualTo(routes);

      for (String operation : routes) {
        if (!STREAMS.contains(operation)) {
          String[] parts = operation.split(" ", -1);
          String path = parts[1].substring(1).replaceAll("\\{[a-z]+\\}", "0");
          // The lab holds the answer, here mostly that there is none, against the description.
          assertThat(
                  lab.send(
                          lab.request(path)
                              .header("Content-Type", "application/json")
                              .method(
                                  parts[0].toUpperCase(Locale.ROOT),
                                  HttpRequest.BodyPublishers.noBody()))
                      .statusCode())
              .as(operation)
              .isIn(200, 204, 404, 422);
        }
      }
    }
  }
}
