package dev.polyphase.jinja;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** All filters by name. */
final class Filters {
  private static final Map<String, Filter> BY_NAME = byName();

  private Filters() {}

  /**
   * The filter of this name.
   *
   * @throws Fault if there is none
   */
  static Filter named(String name) {
    @Nullable Filter filter = BY_NAME.get(name);
    if (filter == null) {
      throw new Fault("there is no filter '" + name + "'");
    }
    return filter;
  }

  private static Map<String, Filter> byName() {
    Map<String, Filter> filters = new HashMap<>();
    filters.putAll(TextFilters.BY_NAME);
    filters.putAll(NumberFilters.BY_NAME);
    filters.putAll(SeriesFilters.BY_NAME);
    filters.putAll(SelectingFilters.BY_NAME);
    filters.put("default", Filters::orDefault);
    filters.put("d", Filters::orDefault);
    filters.put("tojson", Filters::toJson);
    return Map.copyOf(filters);
  }

  private static Value orDefault(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("default", "default_value", "boolean");
    boolean missing =
        input instanceof Value.Undefined || (bound.flag("boolean") && !input.truthy());
    return missing ? bound.value("default_value", Value.text("")) : input;
  }

  /** As Hugging Face replaces jinja2's own: nothing is escaped for HTML. */
  private static Value toJson(Value input, Arguments arguments) {
    Arguments.Bound bound =
        arguments.bind("tojson", "ensure_ascii", "indent", "separators", "sort_keys");
    @Nullable String indent = indent(bound);
    String itemSeparator = indent == null ? ", " : ",";
    String keySeparator = ": ";
    Value separators = bound.value("separators", Value.None.NONE);
    if (!(separators instanceof Value.None)) {
      if (!(separators instanceof Value.Series pair) || pair.items().size() != 2) {
        throw new Fault("separators of tojson must be a pair of strings");
      }
      itemSeparator = Writing.string(pair.items().get(0));
      keySeparator = Writing.string(pair.items().get(1));
    }
    boolean asciiOnly = bound.flag("ensure_ascii");
    boolean sortKeys = bound.flag("sort_keys");
    return new Json(asciiOnly, indent, itemSeparator, keySeparator, sortKeys).of(input);
  }

  private static @Nullable String indent(Arguments.Bound bound) {
    Value indent = bound.value("indent", Value.None.NONE);
    if (indent instanceof Value.None) {
      return null;
    }
    return indent instanceof Value.Text text
        ? text.value()
        : " ".repeat(Math.max(0, Math.min(bound.whole("indent", 0), 1000)));
  }
}
