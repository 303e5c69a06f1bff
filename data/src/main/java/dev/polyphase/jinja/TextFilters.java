package dev.polyphase.jinja;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Filters of strings; any other value is filtered as its text. */
final class TextFilters {
  private static final Pattern WORD =
      Pattern.compile("[^-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

  private static final Pattern LETTERS = Pattern.compile("[\\p{L}\\p{N}_]+");

  static final Map<String, Filters.Filter> BY_NAME =
      Map.ofEntries(
          Map.entry("string", plain(text -> text)),
          Map.entry("safe", plain(text -> text)),
          Map.entry("e", plain(TextFilters::escaped)),
          Map.entry("escape", plain(TextFilters::escaped)),
          Map.entry("upper", plain(text -> text.toUpperCase(Locale.ROOT))),
          Map.entry("lower", plain(text -> text.toLowerCase(Locale.ROOT))),
          Map.entry("capitalize", plain(PythonText::capitalized)),
          Map.entry("title", plain(TextFilters::titled)),
          Map.entry(
              "trim",
              (input, arguments) ->
                  TextMethods.strip("trim", Writing.text(input), arguments, true, true)),
          Map.entry(
              "replace",
              (input, arguments) -> TextMethods.replace(Writing.text(input), arguments.asTexts(2))),
          Map.entry("indent", TextFilters::indent),
          Map.entry("format", TextFilters::formatted),
          Map.entry("center", TextFilters::centered),
          Map.entry("truncate", TextFilters::truncated),
          Map.entry("wordcount", TextFilters::words));

  private TextFilters() {}

  private static Filters.Filter plain(Origins.Change filter) {
    return (input, arguments) -> {
      arguments.bind("the filter");
      Value.Text text = Writing.text(input);
      Budget.read(4L * text.length());
      return text.changed(filter);
    };
  }

  private static String escaped(String text) {
    // At worst each character becomes five.
    Budget.grown(10L * text.length());
    return text.replace("&", "&amp;")
        .replace(">", "&gt;")
        .replace("<", "&lt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }

  /** Unlike the method {@code title}, digits and apostrophes end no word. */
  private static String titled(String text) {
    Matcher words = WORD.matcher(text);
    return words.replaceAll(
        word -> {
          String found = word.group();
          int first = found.offsetByCodePoints(0, 1);
          return Matcher.quoteReplacement(
              found.substring(0, first).toUpperCase(Locale.ROOT)
                  + found.substring(first).toLowerCase(Locale.ROOT));
        });
  }

  private static Value.Text required(String filter, Value input) {
    return Arguments.of(input).bind(filter, "input").requiredTextValue("input");
  }

  private static Value formatted(Value input, Arguments arguments) {
    List<Value> positional = arguments.positional();
    if (arguments.named().isEmpty()) {
      Value values = new Value.Series(Value.Series.Kind.TUPLE, List.copyOf(positional));
      return Formatting.percent(Writing.text(input), values);
    }
    if (!positional.isEmpty()) {
      throw new Fault("can't handle positional and keyword arguments at the same time");
    }
    Map<Value, Value> named = new LinkedHashMap<>();
    arguments.named().forEach((name, value) -> named.put(Value.text(name), value));
    return Formatting.percent(Writing.text(input), new Value.Mapping(named));
  }

  private static Value centered(Value input, Arguments arguments) {
    int width = arguments.bind("center", "width").whole("width", 80);
    return TextMethods.justified(Writing.text(input), width, "^", " ");
  }

  private static Value truncated(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("truncate", "length", "killwords", "end", "leeway");
    if (input instanceof Value.Undefined) {
      return input;
    }
    Value.Text text = required("truncate", input);
    String end = bound.text("end", "...");
    int length = bound.whole("length", 255);
    int leeway = bound.has("leeway") ? bound.whole("leeway", 5) : 5;
    if (length < PythonText.length(end) || leeway < 0) {
      throw new Fault("truncate needs a length of at least its end's, and no negative leeway");
    }
    if (PythonText.length(text.value()) <= length + (long) leeway) {
      return text;
    }
    Value.Text cut = FormatSpec.cut(text, length - PythonText.length(end));
    int space = bound.flag("killwords") ? -1 : cut.value().lastIndexOf(' ');
    return new Output().append(space < 0 ? cut : cut.part(0, space)).append(end).toText();
  }

  private static Value words(Value input, Arguments arguments) {
    arguments.bind("wordcount");
    Value.Text text = Writing.text(input);
    Budget.read(4L * text.length());
    return Value.whole(LETTERS.matcher(text.value()).results().count());
  }

  private static Value indent(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("indent", "width", "first", "blank");
    String indentation =
        bound.value("width", Value.whole(4)) instanceof Value.Text text
            ? text.value()
            : " ".repeat(Math.max(0, Math.min(bound.whole("width", 4), 1000)));
    // With the line feed an empty last line is a line too.
    Value.Text text = new Output().append(required("indent", input)).append("\n").toText();
    List<Value.Text> lines = PythonText.lines(text, false);
    Output indented = new Output();
    boolean isFirst = true;
    for (Iterator<Value.Text> each = lines.iterator(); each.hasNext(); isFirst = false) {
      Value.Text line = each.next();
      boolean wanted = isFirst ? bound.flag("first") : line.truthy() || bound.flag("blank");
      indented.append(wanted ? indentation : "").append(line).append(each.hasNext() ? "\n" : "");
    }
    return indented.toText();
  }
}
