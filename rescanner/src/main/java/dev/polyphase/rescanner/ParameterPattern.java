package dev.polyphase.rescanner;

import dev.polyphase.pipelines.ParameterMatch;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * One pattern of {@code unfrozen_parameters}.
 *
 * <ul>
 *   <li>{@code axolotl}: a Python regular expression in which a dot stands for itself unless a
 *       {@code +} follows; it is matched from the start of a name and need not reach its end. So
 *       {@code model.layers.1.mlp} matches that layer's projections and none of layer 11, and
 *       {@code .*} matches dots alone. A range of rows may follow.
 *   <li>{@code exact}: a whole name. A range of rows may follow.
 *   <li>{@code regex}: a Python regular expression that is found anywhere in a name. Brackets at
 *       its end are a set of characters.
 * </ul>
 *
 * <p>A range is {@code [a:b]}, {@code [a:]}, {@code [:b]}, {@code [a]} or {@code []}, of the
 * tensor's first dimension, from row a up to and without row b.
 */
final class ParameterPattern {
  private static final Pattern WITH_ROWS =
      Pattern.compile("^(.+)\\[([0-9]*)(:)?([0-9]*)\\]$", Pattern.UNIX_LINES);
  private static final Pattern LITERAL_DOT = Pattern.compile("\\.(?!\\+)");

  /** An expression in which nothing but its ends means anything but itself. */
  private static final Pattern PLAIN = Pattern.compile("\\^?([A-Za-z0-9_.-]+)\\$?");

  /** More digits than any dimension has. */
  private static final int MOST_DIGITS = 18;

  private final String text;
  private final ParameterMatch match;
  private final Pattern names;
  private final Optional<String> start;
  private final @Nullable Rows rows;

  private ParameterPattern(
      String text,
      ParameterMatch match,
      Pattern names,
      Optional<String> start,
      @Nullable Rows rows) {
    this.text = text;
    this.match = match;
    this.names = names;
    this.start = start;
    this.rows = rows;
  }

  /**
   * A range of rows.
   *
   * @param start the first row
   * @param end the row after the last; empty for the tensor's end
   */
  record Rows(long start, Optional<Long> end) {}

  /**
   * Reads a pattern.
   *
   * @throws PatternSyntaxException when it is no regular expression
   */
  static ParameterPattern of(String text, ParameterMatch match) {
    Matcher withRows = WITH_ROWS.matcher(text);
    boolean ranged = match != ParameterMatch.REGEX && withRows.matches();
    String name = ranged ? withRows.group(1) : text;
    Pattern names =
        switch (match) {
          case AXOLOTL -> PythonRegex.compile(LITERAL_DOT.matcher(name).replaceAll("\\\\."));
          case EXACT -> Pattern.compile(name, Pattern.LITERAL);
          case REGEX -> PythonRegex.compile(name);
        };
    return new ParameterPattern(
        text, match, names, start(name, match), ranged ? rows(withRows) : null);
  }

  private static Optional<String> start(String name, ParameterMatch match) {
    Matcher plain = PLAIN.matcher(name);
    return switch (match) {
      case AXOLOTL -> plain.matches() ? Optional.of(plain.group(1)) : Optional.empty();
      case EXACT -> Optional.of(name);
      case REGEX -> Optional.empty();
    };
  }

  private static Rows rows(MatchResult range) {
    long start = number(range.group(2)).orElse(0L);
    boolean oneRow = range.group(3) == null && !range.group(2).isEmpty();
    return new Rows(start, oneRow ? Optional.of(start + 1) : number(range.group(4)));
  }

  private static Optional<Long> number(String digits) {
    if (digits.isEmpty()) {
      return Optional.empty();
    }
    return Optional.of(digits.length() > MOST_DIGITS ? Long.MAX_VALUE - 1 : Long.parseLong(digits));
  }

  /** The pattern as it was given. */
  String text() {
    return text;
  }

  /** Its rows; null where it has no range, which means all. */
  @Nullable Rows rows() {
    return rows;
  }

  /**
   * What every name begins with that it matches, so that no other need be tried; empty where that
   * takes trying. A name of one expert in a fused tensor, which ends in a bracket, matches only
   * together with the tensor's.
   */
  Optional<String> start() {
    return start;
  }

  /**
   * Whether it matches a name.
   *
   * @throws PatternSyntaxException when it tries too many ways
   */
  boolean matches(String name) {
    return PythonRegex.matches(
        names,
        name,
        switch (match) {
          case AXOLOTL -> Matcher::lookingAt;
          case EXACT -> Matcher::matches;
          case REGEX -> Matcher::find;
        });
  }

  /** For messages: how a name has to look. */
  String howItMatches() {
    return switch (match) {
      case AXOLOTL ->
          "it is matched from the start of names, and a dot stands for itself unless a + follows";
      case EXACT -> "it has to be a whole name";
      case REGEX -> "it has to be found in a name";
    };
  }
}
