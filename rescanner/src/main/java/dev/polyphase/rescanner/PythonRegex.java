package dev.polyphase.rescanner;

import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Reads a regular expression in Python's syntax and writes the same in Java's. Most of it is
 * common; character sets, braces and a few escapes are not. What Java lacks, or a parameter's name
 * has no use for (back references, conditions, comments, flags in the middle), is refused.
 */
final class PythonRegex {
  private static final Pattern LEADING_FLAGS = Pattern.compile("\\(\\?[ims]+\\)");
  private static final Pattern GROUP_START = Pattern.compile("\\(\\?(?:[:=!>]|<[=!]|[ims]+:)");
  private static final Pattern GROUP_NAME = Pattern.compile("\\(\\?P<[A-Za-z_][A-Za-z0-9_]*>");
  private static final Pattern REPEAT = Pattern.compile("\\{(?:([0-9]+)|([0-9]*),([0-9]*))\\}");

  /** Characters of an expression: parentheses must not nest deeper than the stack is. */
  private static final int MOST_CHARS = 2_000;

  /** Characters of a name in a message. */
  private static final int MOST_SHOWN = 200;

  private final String python;
  private final StringBuilder java = new StringBuilder();
  private int at;

  /** Whether what was read last may be repeated: neither an anchor nor repeated already. */
  private boolean repeatable;

  private PythonRegex(String python) {
    this.python = python;
  }

  /**
   * Compiles for {@link java.util.regex.Matcher#lookingAt()}, Python's {@code re.match}.
   *
   * @throws PatternSyntaxException when Python would not take it, or it is refused here
   */
  static Pattern compile(String python) {
    if (python.length() > MOST_CHARS) {
      throw new PatternSyntaxException(
          "it has more than %,d characters".formatted(MOST_CHARS), python, -1);
    }
    return Pattern.compile(
        new PythonRegex(python).translate(), Pattern.UNIX_LINES | Pattern.UNICODE_CHARACTER_CLASS);
  }

  /**
   * Matches a name. An expression can try so many ways to match one that it never ends, or recur so
   * deeply that the stack does.
   *
   * @param match how it is to match, as {@link Matcher#find()}
   * @throws PatternSyntaxException when it tries more ways than any sensible expression does
   */
  static boolean matches(Pattern pattern, String name, Predicate<Matcher> match) {
    try {
      return match.test(pattern.matcher(new CountedReads(name)));
    } catch (TooManyReads | StackOverflowError e) {
      throw new PatternSyntaxException(
          "it tries too many ways to match "
              + (name.length() <= MOST_SHOWN ? name : name.substring(0, MOST_SHOWN) + "..."),
          pattern.pattern(),
          -1);
    }
  }

  /** A name that counts how often a character of it is read. */
  private static final class CountedReads implements CharSequence {
    private static final int MOST = 100_000;

    private final String text;
    private int reads;

    CountedReads(String text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (reads++ > MOST) {
        throw new TooManyReads();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.substring(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  private static final class TooManyReads extends RuntimeException {
    TooManyReads() {
      super(null, null, false, false);
    }
  }

  private String translate() {
    readAs(LEADING_FLAGS, false);
    while (at < python.length()) {
      char c = python.charAt(at);
      switch (c) {
        case '\\' -> escape();
        case '[' -> set();
        case '(' -> groupStart();
        case '*', '+', '?' -> repeat(1, String.valueOf(c));
        case '{' -> brace();
        case '^', '$', '|' -> copy(1, false);
        default -> copy(1, true);
      }
    }
    return java.toString();
  }

  private void groupStart() {
    if (readAs(GROUP_START, false)) {
      return;
    }
    boolean named = python.startsWith("(?P<", at);
    if (named && GROUP_NAME.matcher(python).region(at, python.length()).lookingAt()) {
      at = python.indexOf('>', at) + 1;
      java.append('(');
      repeatable = false;
      return;
    }
    if (python.startsWith("(?", at)) {
      throw error("this kind of group is not supported");
    }
    copy(1, false);
  }

  private void brace() {
    var matcher = REPEAT.matcher(python).region(at, python.length());
    if (!matcher.lookingAt()) {
      // Python takes a brace that is no repetition for itself.
      at++;
      java.append("\\{");
      repeatable = true;
      return;
    }
    String exactly = matcher.group(1);
    String least = matcher.group(2);
    String times =
        exactly != null
            ? exactly
            : (least == null || least.isEmpty() ? "0" : least) + "," + matcher.group(3);
    repeat(matcher.group().length(), "{" + times + "}");
  }

  private void repeat(int length, String times) {
    if (!repeatable) {
      throw error("there is nothing to repeat");
    }
    java.append(times);
    at += length;
    if (at < python.length() && (python.charAt(at) == '?' || python.charAt(at) == '+')) {
      java.append(python.charAt(at++));
    }
    repeatable = false;
  }

  private void escape() {
    char c = escaped();
    switch (c) {
      case 'A', 'b', 'B' -> copy(2, false);
      case 'Z' -> {
        at += 2;
        java.append("\\z");
        repeatable = false;
      }
      case 'd', 'D', 's', 'S', 'w', 'W' -> copy(2, true);
      default -> {
        java.append(literal(escapedCharacter()));
        repeatable = true;
      }
    }
  }

  private void set() {
    int start = at++;
    java.append('[');
    if (python.startsWith("^", at)) {
      java.append('^');
      at++;
    }
    boolean first = true;
    while (first || !python.startsWith("]", at)) {
      first = false;
      String low = setItem(start);
      boolean range = python.startsWith("-", at) && !python.startsWith("-]", at);
      if (range) {
        at++;
        String high = setItem(start);
        if (isCategory(low) || isCategory(high)) {
          throw error("a character class cannot be the end of a range");
        }
        java.append(low).append('-').append(high);
      } else {
        java.append(low);
      }
    }
    java.append(']');
    at++;
    repeatable = true;
  }

  /** One character of a set, or a class such as {@code \d}, in Java's syntax. */
  private String setItem(int start) {
    if (at >= python.length()) {
      at = start;
      throw error("the set is not closed");
    }
    char c = python.charAt(at);
    if (c != '\\') {
      at++;
      return literal(c);
    }
    return switch (escaped()) {
      case 'd', 'D', 's', 'S', 'w', 'W' -> {
        at += 2;
        yield python.substring(at - 2, at);
      }
      case 'b' -> {
        at += 2;
        yield literal('\b');
      }
      default -> literal(escapedCharacter());
    };
  }

  private static boolean isCategory(String item) {
    return item.length() == 2;
  }

  /** The character after the backslash here. */
  private char escaped() {
    if (at + 1 >= python.length()) {
      throw error("it ends in a backslash");
    }
    return python.charAt(at + 1);
  }

  /** Reads an escape that stands for one character. */
  private char escapedCharacter() {
    char c = escaped();
    if (c == 'x' || c == 'u') {
      return hexadecimal(c == 'x' ? 2 : 4);
    }
    int simple = "afnrtv".indexOf(c);
    boolean unknown = simple < 0 && (Character.isLetterOrDigit(c) && c < 128);
    if (unknown) {
      throw error("'\\" + c + "' is not supported");
    }
    at += 2;
    return simple < 0 ? c : "\u0007\f\n\r\t\u000b".charAt(simple);
  }

  private char hexadecimal(int digits) {
    int end = at + 2 + digits;
    try {
      char character = (char) Integer.parseInt(python.substring(at + 2, end), 16);
      at = end;
      return character;
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw error("'\\" + escaped() + "' wants " + digits + " hexadecimal digits");
    }
  }

  private static String literal(char character) {
    return String.format("\\x{%x}", (int) character);
  }

  private void copy(int length, boolean mayRepeat) {
    java.append(python, at, at + length);
    at += length;
    repeatable = mayRepeat;
  }

  private boolean readAs(Pattern pattern, boolean mayRepeat) {
    var matcher = pattern.matcher(python).region(at, python.length());
    if (!matcher.lookingAt()) {
      return false;
    }
    copy(matcher.group().length(), mayRepeat);
    return true;
  }

  private PatternSyntaxException error(String sentence) {
    return new PatternSyntaxException(sentence, python, at);
  }
}
