package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Filters of lists, of whatever can be gone through. */
final class SeriesFilters {
  static final Map<String, Filters.Filter> BY_NAME =
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
          Map.entry("sum", SeriesFilters::sum),
          Map.entry("batch", SeriesFilters::batches),
          Map.entry("slice", SeriesFilters::slices),
          Map.entry("groupby", SeriesFilters::groups));

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
    return Value.generator(Attributes.items(mapping("items", input)));
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
        Attributes.items(mapping("dictsort", input)),
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
    List<ElementKey> keys = ElementKey.several(bound);
    return sorted(
        Subscripts.elements(input),
        element ->
            Value.list(keys.stream().map(key -> ordered(key.of(element), caseSensitive)).toList()),
        bound.flag("reverse"));
  }

  private static Value.Series sorted(List<Value> elements, ElementKey key, boolean reverse) {
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
      Value compared = Comparison.requireHashable(ordered(key.of(element), caseSensitive));
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
    if (sum instanceof Value.Text) {
      throw new Fault("sum() can't sum strings; take |join");
    }
    for (Value element : Subscripts.elements(input)) {
      sum = Arithmetic.add(sum, key.of(element));
    }
    return sum;
  }

  /** Lists of so many elements each; the last may have fewer, or is filled. */
  private static Value batches(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("batch", "linecount", "fill_with");
    bound.required("linecount");
    int size = bound.whole("linecount", 0);
    Value filling = bound.value("fill_with", Value.None.NONE);
    List<Value> elements = Subscripts.elements(input);
    List<Value> batches = new ArrayList<>();
    if (size == 0 && !elements.isEmpty()) {
      batches.add(Value.list(List.of()));
    }
    for (int start = 0; start < elements.size(); ) {
      // Python begins a new list where the size is met, which one below 1 never is again.
      int end = size < 1 ? elements.size() : (int) Math.min(elements.size(), (long) start + size);
      int missing = filling instanceof Value.None ? 0 : start + size - end;
      batches.add(filled(elements.subList(start, end), missing, filling));
      start = end;
    }
    return Value.generator(batches);
  }

  /** So many lists of about equal lengths. */
  private static Value slices(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("slice", "slices", "fill_with");
    bound.required("slices");
    int count = bound.whole("slices", 0);
    if (count == 0) {
      throw new Fault("integer division or modulo by zero");
    }
    Limits.requireItems(count);
    Value filling = bound.value("fill_with", Value.None.NONE);
    List<Value> elements = Subscripts.elements(input);
    List<Value> slices = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < count; i++) {
      boolean extra = i < elements.size() % count;
      int end = start + elements.size() / count + (extra ? 1 : 0);
      int missing = extra || filling instanceof Value.None ? 0 : 1;
      slices.add(filled(elements.subList(start, end), missing, filling));
      start = end;
    }
    return Value.generator(slices);
  }

  private static Value filled(List<Value> elements, int missing, Value filling) {
    Limits.requireItems(elements.size() + (long) missing);
    List<Value> filled = new ArrayList<>(elements);
    filled.addAll(Collections.nCopies(Math.max(0, missing), filling));
    return Value.list(filled);
  }

  /** Pairs of an attribute and the elements that have it, in order of the attribute. */
  private static Value groups(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("groupby", "attribute", "default", "case_sensitive");
    bound.required("attribute");
    boolean caseSensitive = bound.flag("case_sensitive");
    ElementKey key = ElementKey.of(bound);
    List<Value> elements =
        sorted(
                Subscripts.elements(input),
                element -> ordered(key.of(element), caseSensitive),
                false)
            .items();
    List<Value> groups = new ArrayList<>();
    for (int start = 0; start < elements.size(); ) {
      Value first = ordered(key.of(elements.get(start)), caseSensitive);
      int end = start + 1;
      while (end < elements.size()
          && Comparison.equal(first, ordered(key.of(elements.get(end)), caseSensitive))) {
        end++;
      }
      List<Value> pair =
          List.of(key.of(elements.get(start)), Value.list(elements.subList(start, end)));
      groups.add(new Value.Series(Value.Series.Kind.GROUP, pair));
      start = end;
    }
    return Value.list(groups);
  }

  /** What a value is ordered by: unless case matters, its lower case. */
  private static Value ordered(Value key, boolean caseSensitive) {
    return !caseSensitive && key instanceof Value.Text text
        ? text.changed(value -> value.toLowerCase(Locale.ROOT))
        : key;
  }
}
