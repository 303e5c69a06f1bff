package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Replaces values of a {@code config.json} in its text: whatever else is there, its numbers, order
 * and layout, stays as its authors wrote it.
 */
final class ConfigEdit {
  // Python writes NaN and Infinity, so configs hold them.
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private ConfigEdit() {}

  /**
   * The text of the file with the values of these keys replaced, whatever kind of value they had.
   * Only keys of the outermost object count; one that the file does not have is not added.
   */
  static String apply(Path file, Map<String, JsonNode> changes) throws IOException {
    String text = Files.readString(file);
    StringBuilder edited = new StringBuilder();
    int copied = 0;
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new InputException(Place.in(file.toString()), "the config must be a JSON object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        JsonNode change = changes.get(parser.currentName());
        parser.nextToken();
        int start = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.finishToken();
        int end = (int) parser.currentLocation().getCharOffset();
        if (change != null) {
          edited.append(text, copied, start).append(change);
          copied = end;
        }
      }
    } catch (JsonProcessingException e) {
      throw JsonFile.refused(file, JSON);
    }
    return edited.append(text, copied, text.length()).toString();
  }
}
