package dev.polyphase.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Cuts a template's source into tokens, and does all of the whitespace control: with {@code
 * lstrip_blocks} spaces between the start of a line and a tag or comment go, with {@code
 * trim_blocks} the line feed after one; {@code -} at either end of a tag takes all white space,
 * {@code +} leaves it all.
 */
final class Lexer {
  private static final Pattern LINE_END = Pattern.compile("\r\n|\r|\n");
  private static final Pattern RAW =
      Pattern.compile("\\{%[-+]?\\s*raw\\s*(-?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern END_RAW =
      Pattern.compile("\\{%([-+]?)\\s*endraw\\s*([-+]?)%\\}", Pattern.UNICODE_CHARACTER_CLASS);
  private static final Pattern FLOAT =
      Pattern.compile("(\\d+_)*\\d+((\\.(\\d+_)*\\d+)?[eE][+-]?(\\d+_)*\\d+|\\.(\\d+_)*\\d+)");
  private static final Pattern INTEGER = Pattern.compile("[1-9](_?\\d)*|0(_?0)*");
  private static final Pattern NAME = Pattern.compile("[\\p{L}_][\\p{L}\\p{N}\\p{M}_]*");
  private static final Pattern OPERATOR =
      Pattern.compile("\\*\\*|//|==|!=|<=|>=|[-+/*%~\\[\\](){}<>=.:|,]");

  private final String source;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int positionAt;
  private int line = 1;
  private int lineStart;

  private Lexer(String source) {
    this.source = source;
  }

  /**
   * The tokens of a source, the last of them {@code END}.
   *
   * @throws TemplateException where it is malformed
   */
  static List<Token> tokens(String source) {
    String text = LINE_END.matcher(source).replaceAll("\n");
    // jinja2 drops one line feed at the end (keep_trailing_newline is false).
    return new Lexer(text.endsWith("\n") ? text.substring(0, text.length() - 1) : text).run();
  }

  private List<Token> run() {
    while (at < source.length()) {
      int open = nextOpening();
      if (open < 0) {
        add(Token.Kind.DATA, at, source.substring(at));
        break;
      }
      data(open);
      switch (source.charAt(open + 1)) {
        case '#' -> comment(open);
        case '{' -> code(open, "}}", Token.Kind.OPEN_PRINT, Token.Kind.CLOSE_PRINT);
        default -> {
          Matcher raw = RAW.matcher(source).region(open, source.length());
          if (raw.lookingAt()) {
            raw(open, raw);
          } else {
            code(open, "%}", Token.Kind.OPEN_TAG, Token.Kind.CLOSE_TAG);
          }
        }
      }
    }
    tokens.add(new Token(Token.Kind.END, "", position(source.length())));
    return tokens;
  }

  private int nextOpening() {
    for (int open = source.indexOf('{', at); open >= 0; open = source.indexOf('{', open + 1)) {
      if (open + 1 < source.length() && "{%#".indexOf(source.charAt(open + 1)) >= 0) {
        return open;
      }
    }
    return -1;
  }

  /** The text up to an opening, less the white space that the opening takes. */
  private void data(int open) {
    boolean print = source.charAt(open + 1) == '{';
    int end = endOfData(at, open, signAfter(open + 2), !print);
    if (end > at) {
      add(Token.Kind.DATA, at, source.substring(at, end));
    }
  }

  private int endOfData(int start, int open, char sign, boolean strip) {
    int end = open;
    if (sign == '-') {
      while (end > start && PythonText.isSpace(source.codePointBefore(end))) {
        end -= Character.charCount(source.codePointBefore(end));
      }
    } else if (sign != '+' && strip) {
      while (end > start
          && source.charAt(end - 1) != '\n'
          && PythonText.isSpace(source.codePointBefore(end))) {
        end -= Character.charCount(source.codePointBefore(end));
      }
      boolean lineBegins = end == 0 || source.charAt(end - 1) == '\n';
      return lineBegins ? end : open;
    }
    return end;
  }

  private void comment(int open) {
    int start = afterSign(open + 2);
    int close = source.indexOf("#}", start);
    if (close < 0) {
      throw wrong(open, "the comment that begins here has no end; close it with #}");
    }
    char sign = close > start ? source.charAt(close - 1) : ' ';
    at = afterClosing(close + 2, sign, true);
  }

  private void raw(int open, Matcher raw) {
    int start = raw.end();
    if (raw.group(1).equals("-")) {
      start = skipSpace(start);
    }
    Matcher end = END_RAW.matcher(source);
    if (!end.find(start)) {
      throw wrong(open, "the raw block that begins here has no endraw");
    }
    String sign = end.group(1);
    int dataEnd = endOfData(start, end.start(), sign.isEmpty() ? ' ' : sign.charAt(0), true);
    if (dataEnd > start) {
      add(Token.Kind.DATA, start, source.substring(start, dataEnd));
    }
    String closing = end.group(2);
    at = afterClosing(end.end(), closing.isEmpty() ? ' ' : closing.charAt(0), true);
  }

  /** The tokens between {@code open} and the {@code close} outside of all brackets. */
  private void code(int open, String close, Token.Kind opening, Token.Kind closing) {
    boolean tag = closing == Token.Kind.CLOSE_TAG;
    add(opening, open, source.substring(open, open + 2));
    Deque<Character> brackets = new ArrayDeque<>();
    at = skipSpace(afterSign(open + 2));
    while (at < source.length()) {
      char sign = source.charAt(at);
      boolean signed = (sign == '-' || (sign == '+' && tag)) && source.startsWith(close, at + 1);
      if (brackets.isEmpty() && (signed || source.startsWith(close, at))) {
        int end = signed ? at + 1 : at;
        add(closing, at, close);
        at = afterClosing(end + 2, signed ? sign : ' ', tag);
        return;
      }
      token(brackets);
      at = skipSpace(at);
    }
    throw wrong(open, "the tag that begins here has no end; close it with " + close);
  }

  private void token(Deque<Character> brackets) {
    char c = source.charAt(at);
    if (c == '"' || c == '\'') {
      string(c);
      return;
    }
    if (taken(FLOAT, Token.Kind.FLOAT)
        || taken(INTEGER, Token.Kind.INTEGER)
        || taken(NAME, Token.Kind.NAME)) {
      return;
    }
    int start = at;
    if (!taken(OPERATOR, Token.Kind.OPERATOR)) {
      throw wrong(at, "unexpected character '" + Character.toString(source.codePointAt(at)) + "'");
    }
    int opened = "([{".indexOf(c);
    if (opened >= 0) {
      brackets.push(")]}".charAt(opened));
    } else if (")]}".indexOf(c) >= 0 && (brackets.isEmpty() || brackets.pop() != c)) {
      throw wrong(start, "unexpected '" + c + "'");
    }
  }

  private boolean taken(Pattern pattern, Token.Kind kind) {
    Matcher matcher = pattern.matcher(source).region(at, source.length());
    // A digit after a point is an element's number: a.0.1 has no float in it.
    boolean afterPoint = at > 0 && source.charAt(at - 1) == '.';
    if ((kind == Token.Kind.FLOAT && afterPoint) || !matcher.lookingAt()) {
      return false;
    }
    add(kind, at, matcher.group());
    at = matcher.end();
    return true;
  }

  private void string(char quote) {
    int end = at + 1;
    while (end < source.length() && source.charAt(end) != quote) {
      end += source.charAt(end) == '\\' ? 2 : 1;
    }
    if (end >= source.length()) {
      throw wrong(at, "the string that begins here has no end");
    }
    add(Token.Kind.STRING, at, StringEscapes.decoded(source.substring(at + 1, end)));
    at = end + 1;
  }

  private int afterClosing(int end, char sign, boolean trim) {
    if (sign == '-') {
      return skipSpace(end);
    }
    boolean lineFeed = end < source.length() && source.charAt(end) == '\n';
    return trim && sign != '+' && lineFeed ? end + 1 : end;
  }

  private char signAfter(int index) {
    char sign = index < source.length() ? source.charAt(index) : ' ';
    return sign == '-' || sign == '+' ? sign : ' ';
  }

  private int afterSign(int index) {
    return signAfter(index) == ' ' ? index : index + 1;
  }

  private int skipSpace(int index) {
    int end = index;
    while (end < source.length() && PythonText.isSpace(source.codePointAt(end))) {
      end += Character.charCount(source.codePointAt(end));
    }
    return end;
  }

  private void add(Token.Kind kind, int index, String text) {
    tokens.add(new Token(kind, text, position(index)));
  }

  /** Called for ascending places alone. */
  private Position position(int index) {
    while (positionAt < index) {
      if (source.charAt(positionAt) == '\n') {
        line++;
        lineStart = positionAt + 1;
      }
      positionAt++;
    }
    return new Position(line, index - lineStart + 1);
  }

  private TemplateException wrong(int index, String sentence) {
    String before = source.substring(0, index);
    int lines = (int) before.chars().filter(c -> c == '\n').count();
    return new TemplateException(
        new Position(lines + 1, index - (before.lastIndexOf('\n') + 1) + 1), sentence);
  }
}
