package dev.polyphase.weights;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the JSON of a checkpoint: one object in UTF-8, no key twice, nothing behind it. */
final class StrictJson {
  private static final int MAX_CHARACTERS_SHOWN = 80;
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          // Messages show a number as it stands: 2.0 is no dimension, but 2 is.
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private StrictJson() {}

  /**
   * Parses a part of a file.
   *
   * @param subject what the text is, as {@code the header}
   */
  static ObjectNode object(Path file, String subject, byte[] utf8) throws IOException {
    JsonNode node =
        JsonFile.parsed(utf8, MAPPER).orElseThrow(() -> unreadable(file, subject, utf8));
    return object(file, subject, node);
  }

  /**
   * Reads a whole file.
   *
   * @param subject what it is, as {@code the index}
   */
  static ObjectNode object(Path file, String subject) throws IOException {
    return object(file, subject, JsonFile.read(file, MAPPER));
  }

  private static ObjectNode object(Path file, String subject, JsonNode node) {
    if (!(node instanceof ObjectNode object)) {
      throw new InputException(
          Place.in(file.toString()), subject + " must be a JSON object, but is " + shown(node));
    }
    return object;
  }

  private static InputException unreadable(Path file, String subject, byte[] utf8) {
    JsonFault fault = JsonFault.in(utf8, MAPPER.getFactory());
    return new InputException(
        Place.in(file.toString()),
        "%s is no valid JSON (line %d, column %d of it: %s); the file is damaged, copy it again"
            .formatted(subject, fault.line(), fault.column(), fault.sentence()));
  }

  /** A value for a message: its JSON, cut where it is long. */
  static String shown(@Nullable JsonNode node) {
    if (node == null || node.isMissingNode()) {
      return "nothing";
    }
    String json = node.toString();
    return json.length() <= MAX_CHARACTERS_SHOWN
        ? json
        : json.substring(0, MAX_CHARACTERS_SHOWN) + "...";
  }
}
