package dev.polyphase.pipelines.yaml;

import dev.polyphase.pipelines.problems.Place;
import java.math.BigDecimal;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A single value. What it is depends on what is wanted: YAML 1.1's guesses ({@code no} is false,
 * {@code 010} is 8, {@code 2e-5} is text) are not followed.
 *
 * @param text its characters, without quotes
 * @param quoted whether it was written in quotes or as a block, and so is text whatever it says
 */
public record Scalar(Place place, String path, String text, boolean quoted) implements Node {
  private static final String DIGITS = "[0-9]+(_[0-9]+)*";
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?(%1$s(\\.(%1$s)?)?|\\.%1$s)([eE][-+]?[0-9]+)?".formatted(DIGITS));
  private static final Pattern LEADING_ZERO = Pattern.compile("[-+]?0_?[0-9].*");
  private static final int LONGEST_QUOTE = 60;

  @Override
  public boolean isNull() {
    return !quoted && (text.isEmpty() || text.equals("null") || text.equals("~"));
  }

  /** True or false, where it says {@code true} or {@code false}, nothing else. */
  public Optional<Boolean> bool() {
    if (quoted) {
      return Optional.empty();
    }
    return switch (text) {
      case "true" -> Optional.of(true);
      case "false" -> Optional.of(false);
      default -> Optional.empty();
    };
  }

  /**
   * The number that it says in decimal digits, as {@code 42}, {@code 1_000}, {@code 1.0e-5} or
   * {@code 2e-5}. A leading zero, which YAML 1.1 takes for octal, makes it no number at all.
   */
  public Optional<BigDecimal> number() {
    if (quoted || !NUMBER.matcher(text).matches() || hasLeadingZero()) {
      return Optional.empty();
    }
    try {
      return Optional.of(new BigDecimal(text.replace("_", "")));
    } catch (NumberFormatException e) {
      return Optional.empty(); // an exponent beyond any use
    }
  }

  @Override
  public String found() {
    if (isNull()) {
      return "empty";
    }
    String shown = text.length() <= LONGEST_QUOTE ? text : text.substring(0, LONGEST_QUOTE) + "...";
    if (quoted) {
      return "the text \"" + shown.replace("\n", "\\n") + "\"";
    }
    return hasLeadingZero() ? shown + ", which begins with a zero" : shown;
  }

  private boolean hasLeadingZero() {
    return NUMBER.matcher(text).matches() && LEADING_ZERO.matcher(text).matches();
  }
}
