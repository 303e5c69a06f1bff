package dev.polyphase.jinja;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The methods of dicts; as in jinja2's immutable sandbox none that changes them. */
final class MappingMethods {
  /** In Python an attribute of these names is a method, never an entry. */
  private static final Set<String> UNSAFE =
      Set.of("clear", "fromkeys", "pop", "popitem", "setdefault", "update");

  private MappingMethods() {}

  static @Nullable Value of(Value.Mapping mapping, String name) {
    Map<Value, Value> entries = mapping.entries();
    return switch (name) {
      case "get" ->
          new Value.Function(
              name,
              mapping,
              (arguments, run) -> {
                Arguments.Bound bound = arguments.bind(name, "key", "default");
                Value otherwise = bound.value("default", Value.None.NONE);
                @Nullable Value found = Comparison.ofKey(entries, bound.required("key"));
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
}
