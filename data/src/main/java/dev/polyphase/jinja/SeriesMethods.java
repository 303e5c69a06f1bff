package dev.polyphase.jinja;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The methods of lists and tuples; as in jinja2's immutable sandbox none that changes them. */
final class SeriesMethods {
  private SeriesMethods() {}

  static @Nullable Value of(Value.Series series, String name) {
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
      case "copy" -> new Value.Function(name, series, (arguments, run) -> series);
      default -> null;
    };
  }
}
