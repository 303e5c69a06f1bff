package dev.polyphase.jinja;

import java.util.Arrays;
import java.util.List;

/** What a filter looks at in each element: the element itself, or an attribute of it. */
@FunctionalInterface
interface ElementKey {

  Value of(Value element);

  /** As the argument {@code attribute} says, if there is one. */
  static ElementKey of(Arguments.Bound bound) {
    Value attribute = bound.value("attribute", Value.None.NONE);
    return attribute instanceof Value.None
        ? element -> element
        : attribute(attribute, bound.value("default", Value.None.NONE));
  }

  /**
   * A name, an element's number, or several with points between them, as {@code function.name}.
   *
   * @param otherwise what stands for a missing one; none if nothing does
   */
  static ElementKey attribute(Value path, Value otherwise) {
    // Each part of a path is a value of its own.
    Budget.made(path instanceof Value.Text text ? 64L * text.value().length() : 0);
    List<Value> keys =
        path instanceof Value.Text text
            ? Arrays.stream(text.value().split("\\.", -1)).map(ElementKey::key).toList()
            : List.of(path);
    return element -> {
      Value value = element;
      for (Value key : keys) {
        Budget.work(20);
        value = Subscripts.item(value, key);
        if (value instanceof Value.Undefined && !(otherwise instanceof Value.None)) {
          value = otherwise;
        }
      }
      return value;
    };
  }

  private static Value key(String part) {
    return part.matches("[0-9]{1,9}") ? Value.whole(Integer.parseInt(part)) : Value.text(part);
  }
}
