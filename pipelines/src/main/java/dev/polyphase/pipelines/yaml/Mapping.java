package dev.polyphase.pipelines.yaml;

import dev.polyphase.pipelines.problems.Place;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keys and their values.
 *
 * @param entries in the order of the text, what merge keys bring in last
 */
public record Mapping(Place place, String path, Map<String, Entry> entries) implements Node {

  /**
   * One value and where its key stands.
   *
   * @param keyPlace where the key begins
   * @param value the value
   */
  public record Entry(Place keyPlace, Node value) {}

  public Mapping {
    entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
  }

  /** A mapping without entries. */
  public static Mapping empty(Place place, String path) {
    return new Mapping(place, path, Map.of());
  }

  /** The path of the value of a key, as {@code phases[1].targeting}. */
  public static String pathOf(String parent, String key) {
    return parent.isEmpty() ? key : parent + "." + key;
  }

  /** This mapping with other entries. */
  public Mapping withEntries(Map<String, Entry> other) {
    return new Mapping(place, path, other);
  }

  @Override
  public String found() {
    return "a mapping";
  }
}
