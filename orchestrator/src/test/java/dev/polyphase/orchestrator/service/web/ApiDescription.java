package dev.polyphase.orchestrator.service.web;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** What {@code openapi.json} promises, to hold answers against. */
final class ApiDescription {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final SchemaRegistry SCHEMAS =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);

  private final JsonNode description;

  ApiDescription() {
    try (InputStream in =
        WebServer.class.getResourceAsStream("/dev/polyphase/orchestrator/service/openapi.json")) {
      description = JSON.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Each method with its path, as {@code get /api/runs}. */
  Set<String> operations() {
    Set<String> all = new TreeSet<>();
    description
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(m -> all.add(m + " " + path.getKey())));
    return all;
  }

  /** An answer is as promised: its status, its type and what it holds. */
  void check(HttpResponse<String> answer) {
    String path = answer.request().uri().getRawPath();
    String method = answer.request().method().toLowerCase(Locale.ROOT);
    Optional<JsonNode> operation = operation(method, path);
    if (operation.isEmpty()) {
      // What is none of the API's is refused, or a file of the page.
      assertThat(answer.statusCode() >= 400 || !path.startsWith("/api")).as(path).isTrue();
      return;
    }
    int status = answer.statusCode();
    JsonNode promised = resolved(operation.get().path("responses").path(Integer.toString(status)));
    if (status == 304) {
      return;
    }
    assertThat(promised.isMissingNode())
        .as("%s %s answers %d: %s", method, path, status, answer.body())
        .isFalse();
    if (!promised.has("content")) {
      assertThat(answer.body()).isEmpty();
      return;
    }
    String type = answer.headers().firstValue("content-type").orElse("").split(";", -1)[0];
    assertThat(promised.path("content").has(type)).as(path + " " + type).isTrue();
    if (type.equals("application/json")) {
      conforms(promised.path("content").path(type).path("schema"), answer.body());
    }
  }

  /** A text is of a schema of the description. */
  void conforms(String schema, String text) {
    conforms(JSON.createObjectNode().put("$ref", "#/components/schemas/" + schema), text);
  }

  private void conforms(JsonNode schema, String text) {
    ObjectNode whole = schema.deepCopy();
    whole.set("components", description.path("components"));
    try {
      assertThat(SCHEMAS.getSchema(whole).validate(JSON.readTree(text))).as(text).isEmpty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private JsonNode resolved(JsonNode node) {
    return node.has("$ref") ? description.at(node.path("$ref").textValue().substring(1)) : node;
  }

  private Optional<JsonNode> operation(String method, String path) {
    JsonNode paths = description.path("paths");
    if (paths.path(path).has(method)) {
      return Optional.of(paths.path(path).path(method));
    }
    for (var names = paths.fieldNames(); names.hasNext(); ) {
      String template = names.next();
      if (path.matches(template.replaceAll("\\{[a-z]+\\}", "[^/]+").replace(".", "\\."))
          && paths.path(template).has(method)) {
        return Optional.of(paths.path(template).path(method));
      }
    }
    return Optional.empty();
  }
}
