package dev.polyphase.jinja;

import org.jspecify.annotations.Nullable;

/** {@code object.name}. */
final class Attributes {
  private Attributes() {}

  /**
   * The attribute or method of this name, else the element under it, else undefined.
   *
   * @throws Fault if the object is undefined
   */
  static Value of(Value object, String name) {
    if (object instanceof Value.Undefined undefined) {
      throw undefined.fault();
    }
    if (object instanceof Namespace namespace) {
      return namespace.get(name);
    }
    if (object instanceof Loop loop) {
      return loop.attribute(name);
    }
    @Nullable Value method = method(object, name);
    if (method != null) {
      return method;
    }
    @Nullable Value element =
        object instanceof Value.Mapping mapping
            ? Comparison.ofKey(mapping.entries(), Value.text(name))
            : null;
    return element == null ? missing(object, name) : element;
  }

  /** A method of a string, list or dict; null where there is none of this name. */
  static @Nullable Value method(Value object, String name) {
    if (object instanceof Value.Text text) {
      return TextMethods.of(text, name);
    }
    if (object instanceof Value.Mapping mapping) {
      return MappingMethods.of(mapping, name);
    }
    if (object instanceof Value.Series series && series.kind().hasIndex()) {
      return SeriesMethods.of(series, name);
    }
    return null;
  }

  /** Undefined, since the object has no such attribute. */
  static Value.Undefined missing(Value object, String name) {
    return new Value.Undefined(
        "'%s object' has no attribute '%s'".formatted(object.typeName(), name));
  }
}
