package dev.polyphase.jinja;

import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Filters of strings; any other value is filtered as its text. */
final class TextFilters {
  private static final Pattern WORD =
      Pattern.compile("[^-\\s({\\[<]+", Pattern.UNICODE_CHARACTER_CLASS);

  static final Map<String, Filter> BY_NAME =
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
              "replace", (input, arguments) -> TextMethods.replace(Writing.text(input), arguments)),
          Map.entry("indent", TextFilters::indent));

  private TextFilters() {}

  private static Filter plain(Origins.Change filter) {
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

  private static Value indent(Value input, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("indent", "width", "first", "blank");
    String indentation =
        bound.value("width", Value.whole(4)) instanceof Value.Text text
            ? text.value()
            : " ".repeat(Math.max(0, Math.min(bound.whole("width", 4), 1000)));
    // With the line feed an empty last line is a line too.
    Value.Text text = new Output().append(Writing.text(input)).append("\n").toText();
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
