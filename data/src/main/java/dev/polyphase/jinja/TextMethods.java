package dev.polyphase.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** The methods of strings. */
final class TextMethods {

  /** What a method does with the string it belongs to. */
  private interface Method {
    Value call(String text, Arguments arguments);
  }

  private static final Map<String, Method> METHODS =
      Map.ofEntries(
          Map.entry("upper", plain(text -> Value.text(text.toUpperCase(Locale.ROOT)))),
          Map.entry("lower", plain(text -> Value.text(text.toLowerCase(Locale.ROOT)))),
          Map.entry("capitalize", plain(text -> Value.text(PythonText.capitalized(text)))),
          Map.entry("title", plain(text -> Value.text(PythonText.titled(text)))),
          Map.entry("splitlines", plain(text -> texts(PythonText.lines(text)))),
          Map.entry("isdigit", plain(text -> all(text, Character::isDigit))),
          Map.entry("isalpha", plain(text -> all(text, Character::isLetter))),
          Map.entry("isalnum", plain(text -> all(text, Character::isLetterOrDigit))),
          Map.entry("isspace", plain(text -> all(text, PythonText::isSpace))),
          Map.entry("isupper", plain(text -> cased(text, text.toUpperCase(Locale.ROOT)))),
          Map.entry("islower", plain(text -> cased(text, text.toLowerCase(Locale.ROOT)))),
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
        : new Value.Function(name, text, (arguments, run) -> call(method, text.value(), arguments));
  }

  private static Value call(Method method, String text, Arguments arguments) {
    // Every method reads its text about once; what takes longer pays for itself.
    Budget.read(text.length());
    return method.call(text, arguments);
  }

  private interface Plain {
    Value of(String text);
  }

  private static Method plain(Plain plain) {
    return (text, arguments) -> {
      arguments.bind("the method");
      return plain.of(text);
    };
  }

  private static Value texts(List<String> texts) {
    return Value.list(texts.stream().map(Value::text).toList());
  }

  private static Value all(String text, IntPredicate predicate) {
    return Value.bool(!text.isEmpty() && text.codePoints().allMatch(predicate));
  }

  private static Value cased(String text, String converted) {
    boolean hasCase =
        text.codePoints().anyMatch(c -> Character.isUpperCase(c) || Character.isLowerCase(c));
    return Value.bool(hasCase && text.equals(converted));
  }

  /** Also the filter {@code trim}. */
  static Value strip(String name, String text, Arguments arguments, boolean left, boolean right) {
    Value chars = arguments.bind(name, "chars").value("chars", Value.None.NONE);
    if (chars == Value.None.NONE) {
      return Value.text(PythonText.stripped(text, PythonText::isSpace, left, right));
    }
    String dropped = arguments.bind(name, "chars").requiredText("chars");
    return Value.text(PythonText.stripped(text, c -> PythonText.holds(dropped, c), left, right));
  }

  private static Value affix(
      String name, String text, Arguments arguments, BiPredicate<String, String> has) {
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

  private static Value removePrefix(String text, Arguments arguments) {
    String prefix = arguments.bind("removeprefix", "prefix").requiredText("prefix");
    return Value.text(text.startsWith(prefix) ? text.substring(prefix.length()) : text);
  }

  private static Value removeSuffix(String text, Arguments arguments) {
    String suffix = arguments.bind("removesuffix", "suffix").requiredText("suffix");
    return Value.text(
        text.endsWith(suffix) ? text.substring(0, text.length() - suffix.length()) : text);
  }

  private static Value split(String name, String text, Arguments arguments, boolean fromRight) {
    Arguments.Bound bound = arguments.bind(name, "sep", "maxsplit");
    int most = bound.whole("maxsplit", -1);
    int limit = most < 0 ? Integer.MAX_VALUE : most;
    if (bound.value("sep", Value.None.NONE) == Value.None.NONE) {
      return texts(fromRight ? wordsFromRight(text, limit) : words(text, limit));
    }
    String separator = separator(bound);
    return texts(
        fromRight ? partsFromRight(text, separator, limit) : parts(text, separator, limit));
  }

  private static String separator(Arguments.Bound bound) {
    String separator = bound.requiredText("sep");
    if (separator.isEmpty()) {
      throw new Fault("empty separator");
    }
    return separator;
  }

  private static List<String> parts(String text, String separator, int limit) {
    List<String> parts = new ArrayList<>();
    int start = 0;
    for (int end = TextSearch.indexOf(text, separator, 0);
        end >= 0 && parts.size() < limit;
        end = TextSearch.indexOf(text, separator, start)) {
      add(text.substring(start, end), parts);
      start = end + separator.length();
    }
    add(text.substring(start), parts);
    return parts;
  }

  private static List<String> partsFromRight(String text, String separator, int limit) {
    List<String> parts = new ArrayList<>();
    int end = text.length();
    for (int start = TextSearch.lastIndexOf(text, separator, end);
        start >= 0 && parts.size() < limit;
        start = TextSearch.lastIndexOf(text, separator, end)) {
      add(text.substring(start + separator.length(), end), parts);
      end = start;
    }
    add(text.substring(0, end), parts);
    Collections.reverse(parts);
    return parts;
  }

  /** The words between white space; the last takes what is left where there are too many. */
  private static List<String> words(String text, int limit) {
    List<String> words = new ArrayList<>();
    int start = PythonText.skip(text, 0, true);
    while (start < text.length() && words.size() < limit) {
      int end = PythonText.skip(text, start, false);
      add(text.substring(start, end), words);
      start = PythonText.skip(text, end, true);
    }
    if (start < text.length()) {
      add(text.substring(start), words);
    }
    return words;
  }

  private static List<String> wordsFromRight(String text, int limit) {
    List<String> words = new ArrayList<>();
    int end = PythonText.skipBack(text, text.length(), true);
    while (end > 0 && words.size() < limit) {
      int start = PythonText.skipBack(text, end, false);
      add(text.substring(start, end), words);
      end = PythonText.skipBack(text, start, true);
    }
    if (end > 0) {
      add(text.substring(0, end), words);
    }
    Collections.reverse(words);
    return words;
  }

  /** Adds a part, which is paid for here already: there may be millions of short ones. */
  private static void add(String part, List<String> parts) {
    Budget.made(2L * part.length());
    parts.add(part);
  }

  private static Value partition(String name, String text, Arguments arguments) {
    boolean fromRight = name.equals("rpartition");
    String separator = separator(arguments.bind(name, "sep"));
    int start =
        fromRight
            ? TextSearch.lastIndexOf(text, separator, text.length())
            : TextSearch.indexOf(text, separator, 0);
    if (start < 0) {
      Value whole = Value.text(text);
      Value none = Value.text("");
      return fromRight ? Value.tuple(none, none, whole) : Value.tuple(whole, none, none);
    }
    return Value.tuple(
        Value.text(text.substring(0, start)),
        Value.text(separator),
        Value.text(text.substring(start + separator.length())));
  }

  /** Also the filter {@code replace}. */
  static Value replace(String text, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("replace", "old", "new", "count");
    String old = bound.requiredText("old");
    String replacement = bound.requiredText("new");
    boolean all = bound.value("count", Value.None.NONE) == Value.None.NONE;
    int count = all ? -1 : bound.whole("count", -1);
    int left = count < 0 ? Integer.MAX_VALUE : count;
    Output replaced = new Output();
    int at = 0;
    while (left > 0) {
      int found = TextSearch.indexOf(text, old, at);
      if (found < 0 || (old.isEmpty() && found == text.length())) {
        break;
      }
      replaced.append(text.substring(at, found)).append(replacement);
      at = found + old.length();
      left--;
      if (old.isEmpty()) {
        // Python puts the replacement between all characters.
        int next = text.offsetByCodePoints(at, 1);
        replaced.append(text.substring(at, next));
        at = next;
      }
    }
    if (old.isEmpty() && left > 0) {
      replaced.append(replacement);
    }
    return Value.text(replaced.append(text.substring(at)).toString());
  }

  private static Value join(String separator, Arguments arguments) {
    Output joined = new Output();
    String between = "";
    for (Value item : Subscripts.elements(arguments.bind("join", "items").required("items"))) {
      if (!(item instanceof Value.Text text)) {
        throw new Fault("join takes strings, found " + item.typeName());
      }
      joined.append(between).append(text.value());
      between = separator;
    }
    return Value.text(joined.toString());
  }

  private static Value count(String text, Arguments arguments) {
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

  private static int find(String name, String text, Arguments arguments) {
    String wanted = arguments.bind(name, "sub").requiredText("sub");
    int index =
        name.equals("rfind")
            ? TextSearch.lastIndexOf(text, wanted, text.length())
            : TextSearch.indexOf(text, wanted, 0);
    return PythonText.codePointIndex(text, index);
  }

  private static Value index(String text, Arguments arguments) {
    int index = find("index", text, arguments);
    if (index < 0) {
      throw new Fault("substring not found");
    }
    return Value.whole(index);
  }
}
