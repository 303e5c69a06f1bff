package dev.polyphase.orchestrator.service.web;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.javalin.http.Context;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.eclipse.jetty.http.HttpException;
import org.jspecify.annotations.Nullable;

/** What is sent with a request: one JSON object, of which no more is read than may be sent. */
final class Bodies {
  static final int MOST_BYTES = 1 << 20;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Bodies() {}

  /** The object that was sent; an empty one where nothing was. */
  static ObjectNode object(Context request) {
    byte[] body = read(request);
    if (body.length == 0) {
      return JSON.createObjectNode();
    }
    try {
      if (JSON.readTree(body) instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException e) {
      throw new Refusal(
          Refusal.BAD_REQUEST, "the body is no JSON: " + firstLine(e.getOriginalMessage()));
    } catch (IOException e) {
      throw new Refusal(Refusal.BAD_REQUEST, "the body is no JSON in UTF-8");
    }
    throw new Refusal(Refusal.BAD_REQUEST, "the body must be a JSON object");
  }

  private static byte[] read(Context request) {
    long announced = request.req().getContentLengthLong();
    if (announced <= MOST_BYTES) {
      try {
        byte[] body = request.req().getInputStream().readNBytes(MOST_BYTES + 1);
        if (body.length <= MOST_BYTES) {
          return body;
        }
      } catch (IOException | HttpException.RuntimeException e) {
        throw new Refusal(Refusal.BAD_REQUEST, "the body could not be read to its end");
      }
    }
    // What is left of it is not read; the connection ends with it.
    request.header("Connection", "close");
    throw new Refusal(
        Refusal.TOO_LARGE, "the body may have %,d bytes at most".formatted(MOST_BYTES));
  }

  /** Refuses an object with keys that mean nothing: a mistyped one must not pass silently. */
  static void requireKnown(ObjectNode object, Set<String> keys) {
    Iterator<String> names = object.fieldNames();
    while (names.hasNext()) {
      String name = names.next();
      if (!keys.contains(name)) {
        throw wrong(
            "there is no key "
                + JSON.getNodeFactory().textNode(name)
                + " here; there are "
                + String.join(", ", keys.stream().sorted().toList()));
      }
    }
  }

  /** A text; null where there is none, or an empty one. */
  static @Nullable String text(ObjectNode object, String key) {
    JsonNode value = object.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return null;
    }
    if (!value.isTextual() && !value.isIntegralNumber()) {
      throw wrong(key + " must be a text");
    }
    return value.asText().isEmpty() ? null : value.asText();
  }

  /** A text that must be there. */
  static String required(ObjectNode object, String key) {
    @Nullable String value = text(object, key);
    if (value == null) {
      throw wrong(key + " is missing");
    }
    return value;
  }

  /** A whole number; 0 where there is none. */
  static int number(ObjectNode object, String key) {
    JsonNode value = object.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return 0;
    }
    if (!value.isInt()) {
      throw wrong(key + " must be a whole number");
    }
    return value.intValue();
  }

  /** Whether a key says true. */
  static boolean flag(ObjectNode object, String key) {
    return object.path(key).asBoolean(false);
  }

  /** Texts; none where the key is not there. */
  static List<String> texts(ObjectNode object, String key) {
    JsonNode values = object.path(key);
    if (values.isMissingNode() || values.isNull()) {
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    if (values.isArray()) {
      values.forEach(value -> texts.add(value.isTextual() ? value.textValue() : ""));
    }
    if (!values.isArray() || texts.contains("")) {
      throw wrong(key + " must be a list of texts");
    }
    return texts;
  }

  private static Refusal wrong(String sentence) {
    return new Refusal(Refusal.WRONG_INPUT, sentence);
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse(message);
  }
}
