package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Filters that take another filter's or a test's name: map, select and reject. */
final class SelectingFilters {
  static final Map<String, Filters.Filter> BY_NAME =
      Map.of(
          "map", SelectingFilters::map,
          "select", (input, arguments) -> select(input, element -> element, arguments, true),
          "reject", (input, arguments) -> select(input, element -> element, arguments, false),
          "selectattr", (input, arguments) -> selectByAttribute(input, arguments, true),
          "rejectattr", (input, arguments) -> selectByAttribute(input, arguments, false));

  /** What all of these make of what Python takes for false: none has no elements here. */
  private static final Value NOTHING = Value.generator(List.of());

  private SelectingFilters() {}

  private static Value map(Value input, Arguments arguments) {
    if (!input.truthy()) {
      return NOTHING;
    }
    List<Value> elements = Subscripts.elements(input);
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      Arguments.Bound bound = arguments.bind("map", "attribute", "default");
      ElementKey key = ElementKey.of(bound);
      return Value.generator(elements.stream().map(key::of).toList());
    }
    Filters.Filter filter = Filters.named(firstName("map", arguments));
    Arguments rest = arguments.after(1);
    return Value.generator(elements.stream().map(each -> filter.apply(each, rest)).toList());
  }

  private static Value selectByAttribute(Value input, Arguments arguments, boolean wanted) {
    if (!input.truthy()) {
      return NOTHING;
    }
    if (arguments.positional().isEmpty()) {
      throw new Fault("the name of an attribute is missing");
    }
    ElementKey key = ElementKey.attribute(arguments.positional().get(0), Value.None.NONE);
    return select(input, key, arguments.after(1), wanted);
  }

  private static Value select(Value input, ElementKey key, Arguments arguments, boolean wanted) {
    if (!input.truthy()) {
      return NOTHING;
    }
    Predicate<Value> holds = Value::truthy;
    if (!arguments.positional().isEmpty()) {
      Tests.Test test = Tests.named(firstName("select", arguments));
      Arguments rest = arguments.after(1);
      holds = value -> test.holds(value, rest);
    }
    List<Value> selected = new ArrayList<>();
    for (Value element : Subscripts.elements(input)) {
      if (holds.test(key.of(element)) == wanted) {
        selected.add(element);
      }
    }
    return Value.generator(selected);
  }

  private static String firstName(String filter, Arguments arguments) {
    @Nullable Value name = arguments.positional().isEmpty() ? null : arguments.positional().get(0);
    if (name instanceof Value.Text text) {
      return text.value();
    }
    throw new Fault(filter + " needs the name of a filter or test");
  }
}
