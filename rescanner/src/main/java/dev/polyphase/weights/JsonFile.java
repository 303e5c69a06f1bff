package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** Reads files that hold one JSON value, in UTF-8. */
public final class JsonFile {
  private static final JsonMapper STANDARD =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private JsonFile() {}

  /**
   * The value that a file holds.
   *
   * @throws InputException with line and column where it is no JSON
   * @throws IOException where it can't be read, with its name
   */
  public static JsonNode read(Path file) throws IOException {
    return read(file, STANDARD);
  }

  /** A value for a message: its JSON, cut where it is long. */
  public static String shown(JsonNode value) {
    return StrictJson.shown(value);
  }

  /**
   * The value that a file holds.
   *
   * @param mapper what reads it, with the limits and liberties of its own
   * @throws InputException with line and column where it is none
   * @throws IOException where it can't be read, with its name
   */
  public static JsonNode read(Path file, JsonMapper mapper) throws IOException {
    byte[] bytes = bytes(file);
    return parsed(bytes, mapper)
        .orElseThrow(() -> JsonFault.in(bytes, mapper.getFactory()).of(file));
  }

  /**
   * The object that a file holds.
   *
   * @throws InputException where it holds anything else
   * @throws IOException where it can't be read, with its name
   */
  public static ObjectNode object(Path file) throws IOException {
    JsonNode value = read(file);
    if (value instanceof ObjectNode object) {
      return object;
    }
    throw new InputException(
        Place.in(file.toString()), "this must be a JSON object, but is " + StrictJson.shown(value));
  }

  /**
   * What a parser refused that had the file's text piece by piece: to be thrown in place of its
   * exception.
   *
   * @param parser what refused it
   */
  public static InputException refused(Path file, JsonFactory parser) throws IOException {
    return JsonFault.in(bytes(file), parser).of(file);
  }

  /** The value of a text in UTF-8; empty where it is none. */
  static Optional<JsonNode> parsed(byte[] utf8, JsonMapper mapper) throws IOException {
    if (JsonFault.isWide(utf8)) {
      return Optional.empty();
    }
    try {
      JsonNode value = mapper.readTree(utf8);
      return Optional.ofNullable(value).filter(node -> !node.isMissingNode());
    } catch (JsonProcessingException | NumberFormatException e) {
      // BigDecimal's own, at exponents beyond 2^31, is among them.
      return Optional.empty();
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    try {
      return InputFile.readAllBytes(file);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
  }
}
