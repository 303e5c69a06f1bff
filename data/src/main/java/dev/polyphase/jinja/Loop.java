package dev.polyphase.jinja;

import java.util.List;

/**
 * {@code loop}: where a for loop is.
 *
 * @param series what it goes over
 * @param index0 the current element, the first is 0
 */
record Loop(Series series, int index0) implements Value {

  Value attribute(String name) {
    List<Value> items = series.items();
    int length = items.size();
    return switch (name) {
      case "index" -> Value.whole(index0 + 1);
      case "index0" -> Value.whole(index0);
      case "revindex" -> Value.whole(length - index0);
      case "revindex0" -> Value.whole(length - index0 - 1);
      case "first" -> Value.bool(index0 == 0);
      case "last" -> Value.bool(index0 == length - 1);
      case "length" -> Value.whole(length);
      case "depth" -> Value.whole(1);
      case "depth0" -> Value.whole(0);
      case "previtem" ->
          index0 == 0 ? new Undefined("there is no previous item") : items.get(index0 - 1);
      case "nextitem" ->
          index0 == length - 1 ? new Undefined("there is no next item") : items.get(index0 + 1);
      default -> new Undefined("the loop has no attribute '" + name + "'");
    };
  }

  @Override
  public boolean truthy() {
    return true;
  }

  @Override
  public String typeName() {
    return "LoopContext";
  }
}
