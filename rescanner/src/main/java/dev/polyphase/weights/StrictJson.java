package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the JSON of a checkpoint: one object in UTF-8, no key twice, nothing behind it. */
final class StrictJson {
  private static final int MAX_CHARACTERS_SHOWN = 80;
  private static final ObjectMapper MAPPER =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          // Messages show a number as it stands: 2.0 is no dimension, but 2 is.
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private StrictJson() {}

  /**
   * Parses the text.
   *
   * @param file where the text stands, for messages
   * @param subject what the text is, as {@code the header}
   */
  static ObjectNode object(Path file, String subject, ByteBuffer utf8) throws IOException {
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(
          Place.in(file.toString()),
          subject + " is not UTF-8 text; the file is damaged, copy it again");
    }
    try (JsonParser parser = MAPPER.createParser(text)) {
      JsonNode node = MAPPER.readTree(parser);
      if (!(node instanceof ObjectNode object)) {
        throw new InputException(
            Place.in(file.toString()), subject + " must be a JSON object, but is " + shown(node));
      }
      if (parser.nextToken() != null) {
        throw unreadable(file, subject, "more follows its closing brace", parser.currentLocation());
      }
      return object;
    } catch (JsonProcessingException e) {
      throw unreadable(file, subject, reason(e), e.getLocation());
    } catch (NumberFormatException e) {
      // BigDecimal's own, at exponents beyond 2^31.
      throw unreadable(file, subject, "a number's exponent is out of range", null);
    }
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

  private static InputException unreadable(
      Path file, String subject, String reason, @Nullable JsonLocation at) {
    String where =
        at == null ? "" : "line %d, column %d of it: ".formatted(at.getLineNr(), at.getColumnNr());
    return new InputException(
        Place.in(file.toString()),
        subject + " is no valid JSON (" + where + reason + "); the file is damaged, copy it again");
  }

  /** The parser's own words without those that name its settings. */
  private static String reason(JsonProcessingException e) {
    return e.getOriginalMessage().replaceAll(" \\(start marker at .*|, from `[^`]*`", "");
  }
}
