package dev.polyphase.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * New values for keys of a file that holds a JSON object. They are put into its text: whatever else
 * is there, its numbers, order and layout, stays as its authors wrote it.
 *
 * @param replaced values of keys of the outermost object; one that the file does not have is not
 *     added
 * @param set the same, but a key that the file does not have is added at its end, and a file that
 *     is not there is made of them
 */
public record JsonEdit(Map<String, JsonNode> replaced, Map<String, JsonNode> set) {
  // Python writes NaN and Infinity, so configs hold them.
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  public JsonEdit {
    replaced = Map.copyOf(replaced);
    set = Collections.unmodifiableMap(new LinkedHashMap<>(set));
  }

  /** New values of keys that are there. */
  public static JsonEdit replacing(Map<String, JsonNode> values) {
    return new JsonEdit(values, Map.of());
  }

  /**
   * The new text of a file.
   *
   * @throws InputException if it holds no JSON object
   */
  String apply(Path file) throws IOException {
    return applyTo(InputFile.isThere(file) ? Files.readString(file) : "{}\n", file);
  }

  private String applyTo(String text, Path file) throws IOException {
    Map<String, JsonNode> missing = new LinkedHashMap<>(set);
    StringBuilder edited = new StringBuilder();
    int copied = 0;
    int endOfLast = 0;
    String betweenKeys = "\n  ";
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new InputException(Place.in(file.toString()), "the config must be a JSON object");
      }
      int endOfBrace = (int) parser.currentLocation().getCharOffset();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        if (endOfLast == 0) {
          betweenKeys =
              text.substring(endOfBrace, (int) parser.currentTokenLocation().getCharOffset());
        }
        String key = parser.currentName();
        JsonNode value = set.getOrDefault(key, replaced.get(key));
        parser.nextToken();
        int start = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.finishToken();
        endOfLast = (int) parser.currentLocation().getCharOffset();
        missing.remove(key);
        if (value != null) {
          edited.append(text, copied, start).append(value);
          copied = endOfLast;
        }
      }
      if (!missing.isEmpty()) {
        edited.append(text, copied, Math.max(endOfLast, endOfBrace));
        copied = Math.max(endOfLast, endOfBrace);
        edited.append(added(missing, endOfLast > 0, betweenKeys));
      }
    } catch (JsonProcessingException e) {
      throw JsonFile.refused(file, JSON);
    }
    return edited.append(text, copied, text.length()).toString();
  }

  private static String added(Map<String, JsonNode> keys, boolean others, String betweenKeys) {
    StringBuilder text = new StringBuilder();
    keys.forEach(
        (key, value) -> {
          text.append(others || !text.isEmpty() ? "," : "").append(betweenKeys);
          text.append(TextNode.valueOf(key)).append(": ").append(value);
        });
    return others ? text.toString() : text.append('\n').toString();
  }
}
