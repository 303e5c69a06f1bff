package dev.polyphase.pipelines.yaml;

import dev.polyphase.pipelines.problems.Place;
import java.util.List;

/**
 * A list of values.
 *
 * @param items in order
 */
public record Sequence(Place place, String path, List<Node> items) implements Node {

  public Sequence {
    items = List.copyOf(items);
  }

  /** The path of an item, as {@code phases[1]}. */
  public static String pathOf(String parent, int index) {
    return parent + "[" + index + "]";
  }

  /** This list with other items. */
  public Sequence withItems(List<Node> other) {
    return new Sequence(place, path, other);
  }

  @Override
  public String found() {
    return items.isEmpty() ? "an empty list" : "a list";
  }
}
