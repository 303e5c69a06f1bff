package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The methods of strings. */
final class TextMethods {

  /** What a method does with the string it belongs to. */
  private interface Method {
    Value call(Value.Text text, Arguments arguments);
  }

  private static final Map<String, Method> METHODS =
      Map.ofEntries(
          Map.entry("upper", changing(text -> text.toUpperCase(Locale.ROOT))),
          Map.entry("lower", changing(text -> text.toLowerCase(Locale.ROOT))),
          Map.entry("capitalize", changing(PythonText::capitalized)),
          Map.entry("title", changing(PythonText::titled)),
          Map.entry("splitlines", TextMethods::splitLines),
          Map.entry("isdigit", all(Character::isDigit)),
          Map.entry("isalpha", all(Character::isLetter)),
          Map.entry("isalnum", all(Character::isLetterOrDigit)),
          Map.entry("isspace", all(PythonText::isSpace)),
          Map.entry("isupper", cased(text -> text.toUpperCase(Locale.ROOT))),
          Map.entry("islower", cased(text -> text.toLowerCase(Locale.ROOT))),
          Map.entry("strip", (text, arguments) -> strip("strip", text, arguments, true, true)),
          Map.entry("lstrip", (text, arguments) -> strip("lstrip", text, arguments, true, false)),
          Map.entry("rstrip", (text, arguments) -> strip("rstrip", text, arguments, false, true)),
          Map.entry(
              "startswith",
              (text, arguments) -> affix("startswith", text, arguments, String::startsWith)),
          Map.entry(
              "endswith",
              (text, arguments) -> affix("endswith", text, arguments, String::endsWith)),
          Map.entry("removeprefix", TextMethods::removePrefix),
          Map.entry("removesuffix", TextMethods::removeSuffix),
          Map.entry("split", (text, arguments) -> split("split", text, arguments, false)),
          Map.entry("rsplit", (text, arguments) -> split("rsplit", text, arguments, true)),
          Map.entry("partition", (text, arguments) -> partition("partition", text, arguments)),
          Map.entry("rpartition", (text, arguments) -> partition("rpartition", text, arguments)),
          Map.entry("replace", TextMethods::replace),
          Map.entry("join", TextMethods::join),
          Map.entry("count", TextMethods::count),
          Map.entry("find", (text, arguments) -> Value.whole(find("find", text, arguments))),
          Map.entry("rfind", (text, arguments) -> Value.whole(find("rfind", text, arguments))),
          Map.entry("index", TextMethods::index));

  private TextMethods() {}

  static @Nullable Value of(Value.Text text, String name) {
    @Nullable Method method = METHODS.get(name);
    return method == null
        ? null
        : new Value.Function(name, text, (arguments, run) -> call(method, text, arguments));
  }

  private static Value call(Method method, Value.Text text, Arguments arguments) {
    // Every method reads its text about once; what takes longer pays for itself.
    Budget.read(text.length());
    return method.call(text, arguments);
  }

  private interface Plain {
    Value of(Value.Text text);
  }

  private static Method plain(Plain plain) {
    return (text, arguments) -> {
      arguments.bind("the method");
      return plain.of(text);
    };
  }

  private static Method changing(Origins.Change change) {
    return plain(text -> text.changed(change));
  }

  private static Method all(IntPredicate predicate) {
    return plain(
        text -> Value.bool(text.truthy() && text.value().codePoints().allMatch(predicate)));
  }

  private static Method cased(UnaryOperator<String> conversion) {
    return plain(text -> Value.bool(PythonText.hasCase(text.value(), conversion)));
  }

  /** Also the filter {@code trim}. */
  static Value strip(
      String name, Value.Text text, Arguments arguments, boolean left, boolean right) {
    Value chars = arguments.bind(name, "chars").value("chars", Value.None.NONE);
    if (chars instanceof Value.None) {
      return PythonText.stripped(text, PythonText::isSpace, left, right);
    }
    String dropped = arguments.bind(name, "chars").requiredText("chars");
    return PythonText.stripped(text, c -> PythonText.holds(dropped, c), left, right);
  }

  private static Value affix(
      String name, Value.Text whole, Arguments arguments, BiPredicate<String, String> has) {
    String text = whole.value();
    Arguments.Bound bound = arguments.bind(name, "affix");
    if (bound.required("affix") instanceof Value.Series several
        && several.kind() == Value.Series.Kind.TUPLE) {
      return Value.bool(
          several.items().stream()
              .map(each -> Arguments.of(each).bind(name, "affix").requiredText("affix"))
              .anyMatch(each -> has.test(text, each)));
    }
    return Value.bool(has.test(text, bound.requiredText("affix")));
  }

  private static Value splitLines(Value.Text text, Arguments arguments) {
    boolean withEnds = arguments.bind("splitlines", "keepends").flag("keepends");
    return Value.list(PythonText.lines(text, withEnds));
  }

  private static Value removePrefix(Value.Text text, Arguments arguments) {
    String prefix = arguments.bind("removeprefix", "prefix").requiredText("prefix");
    return text.value().startsWith(prefix) ? text.part(prefix.length(), text.length()) : text;
  }

  private static Value removeSuffix(Value.Text text, Arguments arguments) {
    String suffix = arguments.bind("removesuffix", "suffix").requiredText("suffix");
    return text.value().endsWith(suffix) ? text.part(0, text.length() - suffix.length()) : text;
  }

  private static Value split(String name, Value.Text text, Arguments arguments, boolean fromRight) {
    Arguments.Bound bound = arguments.bind(name, "sep", "maxsplit");
    int most = bound.whole("maxsplit", -1);
    int limit = most < 0 ? Integer.MAX_VALUE : most;
    if (bound.value("sep", Value.None.NONE) instanceof Value.None) {
      return Value.list(fromRight ? wordsFromRight(text, limit) : words(text, limit));
    }
    String separator = separator(bound);
    return Value.list(
        fromRight ? partsFromRight(text, separator, limit) : parts(text, separator, limit));
  }

  private static String separator(Arguments.Bound bound) {
    String separator = bound.requiredText("sep");
    if (separator.isEmpty()) {
      throw new Fault("empty separator");
    }
    return separator;
  }

  private static List<Value.Text> parts(Value.Text whole, String separator, int limit) {
    String text = whole.value();
    List<Value.Text> parts = new ArrayList<>();
    int start = 0;
    for (int end = TextSearch.indexOf(text, separator, 0);
        end >= 0 && parts.size() < limit;
        end = TextSearch.indexOf(text, separator, start)) {
      parts.add(whole.part(start, end));
      start = end + separator.length();
    }
    parts.add(whole.part(start, text.length()));
    return parts;
  }

  private static List<Value.Text> partsFromRight(Value.Text whole, String separator, int limit) {
    String text = whole.value();
    List<Value.Text> parts = new ArrayList<>();
    int end = text.length();
    for (int start = TextSearch.lastIndexOf(text, separator, end);
        start >= 0 && parts.size() < limit;
        start = TextSearch.lastIndexOf(text, separator, end)) {
      parts.add(whole.part(start + separator.length(), end));
      end = start;
    }
    parts.add(whole.part(0, end));
    Collections.reverse(parts);
    return parts;
  }

  /** The words between white space; the last takes what is left where there are too many. */
  private static List<Value.Text> words(Value.Text whole, int limit) {
    String text = whole.value();
    List<Value.Text> words = new ArrayList<>();
    int start = PythonText.skip(text, 0, true);
    while (start < text.length() && words.size() < limit) {
      int end = PythonText.skip(text, start, false);
      words.add(whole.part(start, end));
      start = PythonText.skip(text, end, true);
    }
    if (start < text.length()) {
      words.add(whole.part(start, text.length()));
    }
    return words;
  }

  private static List<Value.Text> wordsFromRight(Value.Text whole, int limit) {
    String text = whole.value();
    List<Value.Text> words = new ArrayList<>();
    int end = PythonText.skipBack(text, text.length(), true);
    while (end > 0 && words.size() < limit) {
      int start = PythonText.skipBack(text, end, false);
      words.add(whole.part(start, end));
      end = PythonText.skipBack(text, start, true);
    }
    if (end > 0) {
      words.add(whole.part(0, end));
    }
    Collections.reverse(words);
    return words;
  }

  private static Value partition(String name, Value.Text whole, Arguments arguments) {
    String text = whole.value();
    boolean fromRight = name.equals("rpartition");
    String separator = separator(arguments.bind(name, "sep"));
    int start =
        fromRight
            ? TextSearch.lastIndexOf(text, separator, text.length())
            : TextSearch.indexOf(text, separator, 0);
    if (start < 0) {
      Value none = Value.text("");
      return fromRight ? Value.tuple(none, none, whole) : Value.tuple(whole, none, none);
    }
    return Value.tuple(
        whole.part(0, start),
        whole.part(start, start + separator.length()),
        whole.part(start + separator.length(), text.length()));
  }

  /** Also the filter {@code replace}. */
  static Value replace(Value.Text whole, Arguments arguments) {
    String text = whole.value();
    Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
    String old = bound.requiredText("old");
    Value.Text replacement = bound.requiredTextValue("new");
    boolean all = bound.value("count", Value.None.NONE) instanceof Value.None;
    int count = all ? -1 : bound.whole("count", -1);
    int left = count < 0 ? Integer.MAX_VALUE : count;
    Output replaced = new Output();
    int at = 0;
    while (left > 0) {
      int found = TextSearch.indexOf(text, old, at);
      if (found < 0 || (old.isEmpty() && found == text.length())) {
        break;
      }
      replaced.append(whole, at, found).append(replacement);
      at = found + old.length();
      left--;
      if (old.isEmpty()) {
        // Python puts the replacement between all characters.
        int next = text.offsetByCodePoints(at, 1);
        replaced.append(whole, at, next);
        at = next;
      }
    }
    if (old.isEmpty() && left > 0) {
      replaced.append(replacement);
    }
    return at == 0 ? whole : replaced.append(whole, at, text.length()).toText();
  }

  private static Value join(Value.Text separator, Arguments arguments) {
    Output joined = new Output();
    Value.Text between = Value.text("");
    for (Value item : Subscripts.elements(arguments.bind("join", "items").required("items"))) {
      if (!(item instanceof Value.Text text)) {
        throw new Fault("join takes strings, found " + item.typeName());
      }
      joined.append(between).append(text);
      between = separator;
    }
    return joined.toText();
  }

  private static Value count(Value.Text whole, Arguments arguments) {
    String text = whole.value();
    String counted = arguments.bind("count", "sub").requiredText("sub");
    if (counted.isEmpty()) {
      return Value.whole(PythonText.length(text) + 1L);
    }
    long count = 0;
    int at = TextSearch.indexOf(text, counted, 0);
    while (at >= 0) {
      count++;
      at = TextSearch.indexOf(text, counted, at + counted.length());
    }
    return Value.whole(count);
  }

  private static int find(String name, Value.Text whole, Arguments arguments) {
    String text = whole.value();
    String wanted = arguments.bind(name, "sub").requiredText("sub");
    int index =
        name.equals("rfind")
            ? TextSearch.lastIndexOf(text, wanted, text.length())
            : TextSearch.indexOf(text, wanted, 0);
    return PythonText.codePointIndex(text, index);
  }

  private static Value index(Value.Text text, Arguments arguments) {
    int index = find("index", text, arguments);
    if (index < 0) {
      throw new Fault("substring not found");
    }
    return Value.whole(index);
  }
}
