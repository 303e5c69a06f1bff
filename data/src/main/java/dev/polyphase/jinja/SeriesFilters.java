package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Filters of lists, of whatever can be gone through. */
final class SeriesFilters {
  static final Map<String, Filter> BY_NAME =
      Map.ofEntries(
          Map.entry("length", SeriesFilters::length),
          Map.entry("count", SeriesFilters::length),
          Map.entry("first", SeriesFilters::first),
          Map.entry("last", SeriesFilters::last),
          Map.entry("list", (input, arguments) -> Value.list(Subscripts.elements(input))),
          Map.entry("items", SeriesFilters::items),
          Map.entry("dictsort", SeriesFilters::sortedItems),
          Map.entry("join", SeriesFilters::join),
          Map.entry("reverse", SeriesFilters::reverse),
          Map.entry("sort", SeriesFilters::sort),
          Map.entry("unique", SeriesFilters::unique),
          Map.entry("min", (input, arguments) -> extreme("min", input, arguments)),
          Map.entry("max", (input, arguments) -> extreme("max", input, arguments)),
          Map.entry("sum", SeriesFilters::sum));

  private SeriesFilters() {}

  private static Value length(Value input, Arguments arguments) {
    arguments.bind("length");
    return Value.whole(Subscripts.length(input));
  }

  private static Value first(Value input, Arguments arguments) {
    arguments.bind("first");
    if (input instanceof Value.Text && input.truthy()) {
      return Subscripts.item(input, Value.whole(0));
    }
    List<Value> elements = Subscripts.elements(input);
    return elements.isEmpty()
        ? new Value.Undefined("No first item, sequence was empty.")
        : elements.get(0);
  }

  private static Value last(Value input, Arguments arguments) {
    arguments.bind("last");
    if (input instanceof Value.Text && input.truthy()) {
      return Subscripts.item(input, Value.whole(-1));
    }
    List<Value> elements = Subscripts.elements(input);
    return elements.isEmpty()
        ? new Value.Undefined("No last item, sequence was empty.")
        : elements.get(elements.size() - 1);
  }

  private static Value items(Value input, Arguments arguments) {
    arguments.bind("items");
    if (input instanceof Value.Undefined) {
      return Value.generator(List.of());
    }
    return Value.generator(MappingMethods.items(mapping("items", input)));
  }

  private static Value.Mapping mapping(String filter, Value input) {
    if (input instanceof Value.Mapping mapping) {
      return mapping;
    }
    throw input instanceof Value.Undefined undefined
        ? undefined.fault()
        : new Fault(filter + " takes a dict, found " + input.typeName());
  }

  private static Value sortedItems(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("dictsort", "case_sensitive", "by", "reverse");
    int part = bound.text("by", "key").equals("value") ? 1 : 0;
    boolean caseSensitive = bound.flag("case_sensitive");
    return sorted(
        MappingMethods.items(mapping("dictsort", input)),
        item -> ordered(((Value.Series) item).items().get(part), caseSensitive),
        bound.flag("reverse"));
  }

  private static Value join(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("join", "d", "attribute");
    Value.Text separator = Writing.text(bound.value("d", Value.text("")));
    ElementKey key = ElementKey.of(bound);
    Output joined = new Output();
    Value.Text between = Value.text("");
    for (Value element : Subscripts.elements(input)) {
      joined.append(between);
      Writing.write(key.of(element), joined);
      between = separator;
    }
    return joined.toText();
  }

  private static Value reverse(Value input, Arguments arguments) {
    arguments.bind("reverse");
    if (input instanceof Value.Text text) {
      return Subscripts.slice(text, Value.None.NONE, Value.None.NONE, Value.whole(-1));
    }
    List<Value> reversed = new ArrayList<>(Subscripts.elements(input));
    Collections.reverse(reversed);
    return Value.generator(reversed);
  }

  private static Value sort(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("sort", "reverse", "case_sensitive", "attribute");
    boolean caseSensitive = bound.flag("case_sensitive");
    ElementKey key = ElementKey.of(bound);
    return sorted(
        Subscripts.elements(input),
        element -> ordered(key.of(element), caseSensitive),
        bound.flag("reverse"));
  }

  private static Value sorted(List<Value> elements, ElementKey key, boolean reverse) {
    Comparator<Value> order = (a, b) -> Comparison.compare(key.of(a), key.of(b));
    List<Value> sorted = new ArrayList<>(elements);
    sorted.sort(reverse ? order.reversed() : order);
    return Value.list(sorted);
  }

  private static Value unique(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("unique", "case_sensitive", "attribute");
    boolean caseSensitive = bound.flag("case_sensitive");
    ElementKey key = ElementKey.of(bound);
    List<Value> seen = new ArrayList<>();
    List<Value> unique = new ArrayList<>();
    for (Value element : Subscripts.elements(input)) {
      Value compared = ordered(key.of(element), caseSensitive);
      if (seen.stream().noneMatch(other -> Comparison.equal(other, compared))) {
        seen.add(compared);
        unique.add(element);
      }
    }
    return Value.generator(unique);
  }

  private static Value extreme(String name, Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind(name, "case_sensitive", "attribute");
    boolean caseSensitive = bound.flag("case_sensitive");
    ElementKey key = ElementKey.of(bound);
    Comparator<Value> order =
        (a, b) ->
            Comparison.compare(
                ordered(key.of(a), caseSensitive), ordered(key.of(b), caseSensitive));
    List<Value> elements = Subscripts.elements(input);
    // Of equal elements Python takes the first.
    return elements.stream()
        .reduce(
            (best, next) -> {
              int comparison = order.compare(next, best);
              return (name.equals("min") ? comparison < 0 : comparison > 0) ? next : best;
            })
        .orElse(new Value.Undefined("No aggregated item, sequence was empty."));
  }

  private static Value sum(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("sum", "attribute", "start");
    ElementKey key = ElementKey.of(bound);
    Value sum = bound.value("start", Value.whole(0));
    for (Value element : Subscripts.elements(input)) {
      sum = Arithmetic.add(sum, key.of(element));
    }
    return sum;
  }

  /** What a value is ordered by: unless case matters, its lower case. */
  private static Value ordered(Value key, boolean caseSensitive) {
    return !caseSensitive && key instanceof Value.Text text
        ? text.changed(value -> value.toLowerCase(Locale.ROOT))
        : key;
  }
}
