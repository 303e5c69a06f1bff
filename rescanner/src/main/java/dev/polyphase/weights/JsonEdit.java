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
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * New values for keys of a file that holds a JSON object. They are put into its text: whatever else
 * is there, its numbers, order and layout, stays as its authors wrote it.
 *
 * @param replaced values of keys of the outermost object; one that the file does not have is not
 *     added
 * @param set the same, but a key that the file does not have is added at its end, and a file that
 *     is not there is made of them
 * @param removed keys that the file has no more
 * @param within the same for objects that are values of keys, where the file has them
 */
public record JsonEdit(
    Map<String, JsonNode> replaced,
    Map<String, JsonNode> set,
    Set<String> removed,
    Map<String, JsonEdit> within)
    implements FileChange {
  // Python writes NaN and Infinity, so configs hold them.
  private static final JsonFactory JSON =
      JsonFactory.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  public JsonEdit {
    replaced = Map.copyOf(replaced);
    set = Collections.unmodifiableMap(new LinkedHashMap<>(set));
    removed = Set.copyOf(removed);
    within = Map.copyOf(within);
  }

  /** New values alone. */
  public JsonEdit(Map<String, JsonNode> replaced, Map<String, JsonNode> set) {
    this(replaced, set, Set.of(), Map.of());
  }

  /** The same with changes within an object that is the value of a key. */
  public JsonEdit with(String key, JsonEdit ofValue) {
    Map<String, JsonEdit> all = new LinkedHashMap<>(within);
    all.put(key, ofValue);
    return new JsonEdit(replaced, set, removed, all);
  }

  /** New values of keys that are there. */
  public static JsonEdit replacing(Map<String, JsonNode> values) {
    return new JsonEdit(values, Map.of());
  }

  /** The file without some of its keys. */
  public static JsonEdit removing(Set<String> keys) {
    return new JsonEdit(Map.of(), Map.of(), keys, Map.of());
  }

  /**
   * The new text of a file.
   *
   * @throws InputException if it holds no JSON object
   */
  public String apply(Path file) throws IOException {
    return applyTo(InputFile.isThere(file) ? Files.readString(file) : "{}\n", file);
  }

  /** A key with its value, by where they lie in the text. */
  private record Entry(String key, int start, int valueStart, int end) {}

  private String applyTo(String text, Path file) throws IOException {
    List<Entry> entries = new ArrayList<>();
    int endOfBrace;
    try (JsonParser parser = JSON.createParser(text)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw new InputException(Place.in(file.toString()), "the config must be a JSON object");
      }
      endOfBrace = (int) parser.currentLocation().getCharOffset();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        int start = (int) parser.currentTokenLocation().getCharOffset();
        String key = parser.currentName();
        parser.nextToken();
        int valueStart = (int) parser.currentTokenLocation().getCharOffset();
        parser.skipChildren();
        parser.finishToken();
        entries.add(
            new Entry(key, start, valueStart, (int) parser.currentLocation().getCharOffset()));
      }
    } catch (JsonProcessingException e) {
      throw JsonFile.refused(file, JSON);
    }
    String beforeFirst =
        entries.isEmpty() ? "\n  " : text.substring(endOfBrace, entries.get(0).start());
    Map<String, JsonNode> missing = new LinkedHashMap<>(set);
    StringBuilder edited = new StringBuilder(text.substring(0, endOfBrace));
    boolean holdsAny = false;
    int end = endOfBrace;
    for (Entry entry : entries) {
      missing.remove(entry.key());
      if (!removed.contains(entry.key())) {
        edited.append(holdsAny ? text.substring(end, entry.start()) : beforeFirst);
        edited.append(text, entry.start(), entry.valueStart());
        JsonNode value = set.getOrDefault(entry.key(), replaced.get(entry.key()));
        edited.append(value == null ? kept(entry, text, file) : value);
        holdsAny = true;
      }
      end = entry.end();
    }
    return edited
        .append(added(missing, holdsAny, beforeFirst))
        .append(text, end, text.length())
        .toString();
  }

  /** A value that stays, but for what changes within it. */
  private String kept(Entry entry, String text, Path file) throws IOException {
    String value = text.substring(entry.valueStart(), entry.end());
    @Nullable JsonEdit inner = within.get(entry.key());
    return inner != null && value.startsWith("{") ? inner.applyTo(value, file) : value;
  }

  private static String added(Map<String, JsonNode> keys, boolean others, String betweenKeys) {
    if (keys.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    keys.forEach(
        (key, value) -> {
          text.append(others || !text.isEmpty() ? "," : "").append(betweenKeys);
          text.append(TextNode.valueOf(key)).append(": ").append(value);
        });
    return others ? text.toString() : text.append('\n').toString();
  }
}
