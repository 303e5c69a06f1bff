package dev.polyphase.weights;

import com.fasterxml.jackson.core.StreamReadConstraints;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Goes through a JSON text by the grammar of RFC 8259 up to the first fault. Makes nothing of it.
 */
final class JsonSyntax {
  private static final int MOST_SHOWN = 30;
  private static final Pattern NUMBER =
      Pattern.compile("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?");
  private static final Pattern NOT_FINITE = Pattern.compile("[+-]?(NaN|Infinity|INF|inf|nan)");

  /** What other languages call JSON's three words. */
  private static final Map<String, String> WORDS =
      Map.of("true", "true", "false", "false", "null", "null", "none", "null", "nil", "null");

  private final String text;
  private final StreamReadConstraints limits;
  private final boolean notFinite;
  private final boolean eachNameOnce;
  private final Deque<Open> open = new ArrayDeque<>();
  private int at;

  /** A list or an object that is not closed yet. */
  private record Open(char bracket, int index, Set<String> names) {
    char closing() {
      return bracket == '{' ? '}' : ']';
    }
  }

  /** Ends the walk. */
  private static final class Found extends RuntimeException {
    private final transient JsonFault fault;

    Found(JsonFault fault) {
      super(fault.sentence(), null, false, false);
      this.fault = fault;
    }
  }

  /**
   * A walk through a text.
   *
   * @param limits what is too long or too deep
   * @param notFinite whether {@code NaN} and {@code Infinity} are allowed, as Python writes them
   * @param eachNameOnce whether an object's names must differ
   */
  JsonSyntax(String text, StreamReadConstraints limits, boolean notFinite, boolean eachNameOnce) {
    this.text = text;
    this.limits = limits;
    this.notFinite = notFinite;
    this.eachNameOnce = eachNameOnce;
    // Editors of one system put it there, and parsers of bytes pass over it.
    this.at = text.startsWith("\uFEFF") ? 1 : 0;
  }

  Optional<JsonFault> firstFault() {
    try {
      skipBlanks();
      if (atEnd()) {
        throw fault(at, "it is empty");
      }
      do {
        if (!opensContainer()) {
          scalar();
        }
      } while (goesOn());
      return Optional.empty();
    } catch (Found e) {
      return Optional.of(e.fault);
    }
  }

  /** Goes into a list or an object, to where its first value begins; false where there is none. */
  private boolean opensContainer() {
    while (!atEnd() && (text.charAt(at) == '{' || text.charAt(at) == '[')) {
      char bracket = text.charAt(at);
      open.push(new Open(bracket, at, new HashSet<>()));
      if (open.size() > limits.getMaxNestingDepth()) {
        throw fault(at, "it is nested more than %,d deep", limits.getMaxNestingDepth());
      }
      at++;
      skipBlanks();
      if (!atEnd() && text.charAt(at) == open.element().closing()) {
        at++;
        open.pop();
        return true;
      }
      if (bracket == '{') {
        name();
      }
    }
    return false;
  }

  /** After a value: whether another one begins, up to which this goes. */
  private boolean goesOn() {
    while (true) {
      skipBlanks();
      if (open.isEmpty()) {
        if (!atEnd()) {
          throw fault(at, "more follows behind its end, from %s on", here());
        }
        return false;
      }
      Open around = open.element();
      if (atEnd()) {
        throw endsEarly();
      }
      char c = text.charAt(at);
      if (c == around.closing()) {
        at++;
        open.pop();
      } else if (c == ',') {
        int comma = at++;
        skipBlanks();
        if (!atEnd() && text.charAt(at) == around.closing()) {
          throw fault(comma, "nothing follows this comma; remove it");
        }
        if (around.bracket() == '{') {
          name();
        }
        return true;
      } else if (c == '}' || c == ']') {
        throw fault(at, "this %c closes the %s", c, opened(around));
      } else {
        refuseComment();
        throw fault(at, "a comma or %c is missing before %s", around.closing(), here());
      }
    }
  }

  /** An object's next name and the colon behind it. */
  private void name() {
    int start = at;
    if (atEnd()) {
      throw endsEarly();
    }
    if (text.charAt(at) != '"') {
      refuseComment();
      if (text.charAt(at) == '\'') {
        throw fault(at, "a name stands in single quotes; JSON has double ones");
      }
      throw text.charAt(at) == ','
          ? fault(at, "a name is missing before this comma")
          : fault(at, "a name in double quotes must stand here, not %s", here());
    }
    string(limits.getMaxNameLength(), "a name");
    String name = text.substring(start + 1, at - 1);
    if (eachNameOnce && !open.element().names().add(name)) {
      throw fault(start, "the name \"%s\" stands twice in one object; remove one", shown(name));
    }
    skipBlanks();
    if (atEnd()) {
      throw endsEarly();
    }
    if (text.charAt(at) != ':') {
      throw fault(at, "a colon is missing after the name \"%s\"", shown(name));
    }
    at++;
    skipBlanks();
    if (!atEnd() && (text.charAt(at) == ',' || text.charAt(at) == '}')) {
      throw fault(at, "the value of \"%s\" is missing", shown(name));
    }
  }

  private void scalar() {
    if (atEnd()) {
      throw endsEarly();
    }
    char c = text.charAt(at);
    if (c == '"') {
      string(limits.getMaxStringLength(), "a text");
      return;
    }
    refuseComment();
    if (c == '\'') {
      throw fault(at, "a text stands in single quotes; JSON has double ones");
    }
    if (c == ',') {
      throw fault(at, "a value is missing before this comma");
    }
    if (c == '}' || c == ']') {
      throw fault(at, "a value is missing before this %c", c);
    }
    String word = word();
    if (word.isEmpty()) {
      throw fault(at, "a value can't begin with %s", here());
    }
    check(word);
    at += word.length();
  }

  private void check(String word) {
    if (word.equals("true") || word.equals("false") || word.equals("null")) {
      return;
    }
    if (NUMBER.matcher(word).matches()) {
      if (word.length() > limits.getMaxNumberLength()) {
        throw fault(at, "a number has more than %,d characters", limits.getMaxNumberLength());
      }
      if (word.matches(".*[eE][+-]?[0-9]{10,}")) {
        throw fault(at, "a number's exponent is out of range");
      }
      return;
    }
    if (NOT_FINITE.matcher(word).matches()) {
      if (!notFinite) {
        throw fault(at, "%s is no JSON number; write a finite one, or null", word);
      }
      return;
    }
    @Nullable String meant = WORDS.get(word.toLowerCase(Locale.ROOT));
    if (meant != null) {
      throw fault(at, "JSON has %s, not %s", meant, word);
    }
    if (at + word.length() == text.length() && isCutShort(word)) {
      throw endsEarly();
    }
    char first = word.charAt(0);
    boolean number = (first >= '0' && first <= '9') || "+-.".indexOf(first) >= 0;
    throw number
        ? fault(at, "%s is no JSON number%s", shown(word), numberFault(word))
        : fault(at, "%s is no JSON value; a text stands in double quotes", shown(word));
  }

  private static boolean isCutShort(String word) {
    return "true".startsWith(word) || "false".startsWith(word) || "null".startsWith(word);
  }

  private static String numberFault(String word) {
    if (word.startsWith("+")) {
      return "; remove the +";
    }
    if (word.matches("-?0[0-9].*")) {
      return "; remove the zeros before it";
    }
    if (word.matches("-?\\..*")) {
      return "; a digit is missing before the point";
    }
    return word.matches("-?[0-9]+\\.([eE].*)?") ? "; a digit is missing after the point" : "";
  }

  /** From its opening quote to behind its closing one. */
  private void string(int most, String subject) {
    int start = at++;
    while (true) {
      if (atEnd()) {
        throw fault(start, "%s that begins here is never closed; the end is missing", subject);
      }
      char c = text.charAt(at);
      if (c == '"') {
        break;
      }
      if (c == '\n' || c == '\r') {
        throw fault(
            start,
            "%s is not closed on its line; add the quote, or write \\n for a break",
            subject);
      }
      if (c < ' ') {
        String escape = c == '\t' ? "\\t" : "\\u%04x".formatted((int) c);
        throw fault(
            at, "the control character U+%04X stands in %s; write %s", (int) c, subject, escape);
      }
      if (c == '\\') {
        escape();
      } else {
        at++;
      }
    }
    if (at - start - 1 > most) {
      throw fault(start, "%s has more than %,d characters", subject, most);
    }
    at++;
  }

  private void escape() {
    int start = at++;
    if (atEnd()) {
      return;
    }
    char c = text.charAt(at);
    if (c == 'u') {
      String digits = text.substring(at + 1, Math.min(at + 5, text.length()));
      if (!digits.matches("[0-9a-fA-F]*")) {
        throw fault(start, "\\u needs four hexadecimal digits behind it");
      }
      at = Math.min(at + 5, text.length());
    } else if ("\"\\/bfnrt".indexOf(c) < 0) {
      throw fault(
          start, "a backslash before %s means nothing; write \\\\ for a backslash", character());
    } else {
      at++;
    }
  }

  /** Some parsers take them, the standard does not. */
  private void refuseComment() {
    if (text.startsWith("//", at) || text.startsWith("/*", at) || text.charAt(at) == '#') {
      throw fault(at, "JSON has no comments; remove this one");
    }
  }

  private Found endsEarly() {
    return open.isEmpty()
        ? fault(at, "the end is missing")
        : fault(
            text.stripTrailing().length(),
            "it ends before the %s is closed",
            opened(open.element()));
  }

  private String opened(Open container) {
    JsonFault place = JsonFault.at(text, container.index(), "");
    return "%c of line %d, column %d".formatted(container.bracket(), place.line(), place.column());
  }

  /** The letters, digits and signs that stand here together. */
  private String word() {
    int end = at;
    while (end < text.length()
        && (Character.isLetterOrDigit(text.charAt(end)) || "+-._".indexOf(text.charAt(end)) >= 0)) {
      end++;
    }
    return text.substring(at, end);
  }

  /** What stands here, for a message. */
  private String here() {
    String word = word();
    return word.isEmpty() ? character() : shown(word);
  }

  private String character() {
    int c = text.codePointAt(at);
    return (c > ' ' && c < 0x7f) || Character.isLetterOrDigit(c)
        ? "'" + Character.toString(c) + "'"
        : "the character U+%04X".formatted(c);
  }

  /** A part of the text, cut where it is long. */
  private static String shown(String part) {
    Matcher odd = Pattern.compile("[^\\x20-\\x7e\\p{L}\\p{N}]").matcher(part);
    String plain = odd.replaceAll("?");
    return plain.length() <= MOST_SHOWN ? plain : plain.substring(0, MOST_SHOWN) + "...";
  }

  private void skipBlanks() {
    while (!atEnd() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private boolean atEnd() {
    return at >= text.length();
  }

  private Found fault(int index, String sentence, Object... values) {
    return new Found(JsonFault.at(text, index, String.format(Locale.ROOT, sentence, values)));
  }
}
