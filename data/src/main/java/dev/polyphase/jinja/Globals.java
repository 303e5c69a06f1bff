package dev.polyphase.jinja;

import java.math.BigInteger;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template sees. */
final class Globals {
  /** Python's codes and the patterns of {@link DateTimeFormatter} that write the same. */
  private static final Map<Character, String> DATE_PATTERNS =
      Map.ofEntries(
          Map.entry('Y', "uuuu"),
          Map.entry('y', "uu"),
          Map.entry('m', "MM"),
          Map.entry('B', "MMMM"),
          Map.entry('b', "MMM"),
          Map.entry('d', "dd"),
          Map.entry('j', "DDD"),
          Map.entry('A', "EEEE"),
          Map.entry('a', "EEE"),
          Map.entry('H', "HH"),
          Map.entry('I', "hh"),
          Map.entry('p', "a"),
          Map.entry('M', "mm"),
          Map.entry('S', "ss"));

  private Globals() {}

  static Map<String, Value> byName() {
    return Map.of(
        "range", new Value.Function("range", (arguments, run) -> range(arguments)),
        "namespace", new Value.Function("namespace", (arguments, run) -> namespace(arguments)),
        "dict", new Value.Function("dict", (arguments, run) -> mapping(arguments)),
        "raise_exception",
            new Value.Function("raise_exception", (arguments, run) -> raise(arguments)),
        "strftime_now", new Value.Function("strftime_now", Globals::now));
  }

  private static Value range(Arguments arguments) {
    if (arguments.positional().isEmpty()) {
      throw new Fault("range needs its end");
    }
    boolean endAlone = arguments.positional().size() == 1;
    Arguments.Bound bound =
        endAlone
            ? arguments.bind("range", "stop")
            : arguments.bind("range", "start", "stop", "step");
    int start = bound.whole("start", 0);
    int stop = bound.whole("stop", 0);
    int step = bound.whole("step", 1);
    if (step == 0) {
      throw new Fault("range's step must not be zero");
    }
    List<Value> numbers = new ArrayList<>();
    for (long i = start; step > 0 ? i < stop : i > stop; i += step) {
      if (numbers.size() == Limits.MAX_RANGE) {
        throw new Fault("a range has more than %,d elements".formatted(Limits.MAX_RANGE));
      }
      numbers.add(new Value.Whole(BigInteger.valueOf(i)));
    }
    return new Value.Series(Value.Series.Kind.RANGE, List.copyOf(numbers));
  }

  private static Value namespace(Arguments arguments) {
    Namespace namespace = new Namespace();
    entries("namespace", arguments)
        .forEach((name, value) -> namespace.set(Writing.string(name), value));
    return namespace;
  }

  private static Value mapping(Arguments arguments) {
    return new Value.Mapping(entries("dict", arguments));
  }

  /** Those of a dict, if one is given, and then the named arguments. */
  private static Map<Value, Value> entries(String function, Arguments arguments) {
    Value first =
        new Arguments(arguments.positional(), Map.of())
            .bind(function, "entries")
            .value("entries", new Value.Mapping(Map.of()));
    if (!(first instanceof Value.Mapping given)) {
      throw new Fault(function + " takes a dict, found " + first.typeName());
    }
    Map<Value, Value> entries = new LinkedHashMap<>(given.entries());
    arguments.named().forEach((name, value) -> entries.put(Value.text(name), value));
    return entries;
  }

  private static Value raise(Arguments arguments) {
    throw new Fault(
        Writing.string(arguments.bind("raise_exception", "message").required("message")));
  }

  private static Value now(Arguments arguments, Run run) {
    String format = arguments.bind("strftime_now", "format").requiredText("format");
    ZonedDateTime now = ZonedDateTime.now(run.clock());
    Output date = new Output();
    int i = 0;
    while (i < format.length()) {
      boolean isCode = format.charAt(i) == '%' && i + 1 < format.length();
      date.append(isCode ? dated(format.charAt(i + 1), now) : format.substring(i, i + 1));
      i += isCode ? 2 : 1;
    }
    return Value.text(date.toString());
  }

  private static String dated(char code, ZonedDateTime now) {
    Budget.work(2000);
    if (code == '%') {
      return "%";
    }
    @Nullable String pattern = DATE_PATTERNS.get(code);
    if (pattern == null) {
      throw new Fault("strftime_now does not know %" + code);
    }
    return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).format(now);
  }
}
