package dev.polyphase.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * {@code object.name}: what dicts and lists can do; as in jinja2's immutable sandbox nothing that
 * changes them.
 */
final class Attributes {
  /** In Python an attribute of these names is a method, never an entry. */
  private static final Set<String> UNSAFE =
      Set.of("clear", "fromkeys", "pop", "popitem", "setdefault", "update");

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
      return ofMapping(mapping, name);
    }
    if (object instanceof Value.Series series && series.kind().hasIndex()) {
      return ofSeries(series, name);
    }
    return null;
  }

  /** The attribute or method of this name, else undefined; elements are none. */
  static Value orMissing(Value object, String name) {
    @Nullable Value method = method(object, name);
    if (method != null) {
      return method;
    }
    return object instanceof Value.Mapping ? missing(object, name) : of(object, name);
  }

  /** Undefined, since the object has no such attribute. */
  static Value.Undefined missing(Value object, String name) {
    return new Value.Undefined(
        "'%s object' has no attribute '%s'".formatted(object.typeName(), name));
  }

  private static @Nullable Value ofMapping(Value.Mapping mapping, String name) {
    Map<Value, Value> entries = mapping.entries();
    return switch (name) {
      case "get" ->
          new Value.Function(
              name,
              mapping,
              (arguments, run) -> {
                Arguments.Bound bound = arguments.bind(name, "key", "default");
                Value otherwise = bound.value("default", Value.None.NONE);
                @Nullable Value found =
                    Comparison.ofKey(entries, Comparison.requireHashable(bound.required("key")));
                return found == null ? otherwise : found;
              });
      case "items" -> view(name, mapping, () -> items(mapping));
      case "keys" -> view(name, mapping, () -> List.copyOf(mapping.all().keySet()));
      case "values" -> view(name, mapping, () -> List.copyOf(mapping.all().values()));
      case "copy" -> new Value.Function(name, mapping, (arguments, run) -> mapping);
      default ->
          UNSAFE.contains(name)
              ? new Value.Undefined("the method '" + name + "' of a dict would change it")
              : null;
    };
  }

  /** A (key, value) tuple for each entry. */
  static List<Value> items(Value.Mapping mapping) {
    return mapping.all().entrySet().stream()
        .<Value>map(entry -> Value.tuple(entry.getKey(), entry.getValue()))
        .toList();
  }

  private static Value view(String name, Value.Mapping mapping, Supplier<List<Value>> items) {
    return new Value.Function(
        name,
        mapping,
        (arguments, run) -> {
          arguments.bind(name);
          return new Value.Series(Value.Series.Kind.VIEW, items.get());
        });
  }

  private static @Nullable Value ofSeries(Value.Series series, String name) {
    List<Value> items = series.items();
    return switch (name) {
      case "count" ->
          new Value.Function(
              name,
              series,
              (arguments, run) -> {
                Value wanted = arguments.bind(name, "value").required("value");
                return Value.whole(
                    items.stream().filter(item -> Comparison.equal(item, wanted)).count());
              });
      case "index" ->
          new Value.Function(
              name,
              series,
              (arguments, run) -> {
                Value wanted = arguments.bind(name, "value").required("value");
                for (int i = 0; i < items.size(); i++) {
                  if (Comparison.equal(items.get(i), wanted)) {
                    return Value.whole(i);
                  }
                }
                throw new Fault("the list does not hold the value whose index is asked");
              });
      case "grouper" -> series.kind() == Value.Series.Kind.GROUP ? items.get(0) : null;
      case "list" -> series.kind() == Value.Series.Kind.GROUP ? items.get(1) : null;
      case "copy" -> new Value.Function(name, series, (arguments, run) -> series);
      default -> null;
    };
  }
}
