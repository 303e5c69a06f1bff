package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import java.math.BigDecimal;

/**
 * Which numbers a key takes.
 *
 * @param wanted what a message asks for
 * @param least none is below it
 * @param leastItself whether it is one of them
 * @param most none is above it
 * @param mostItself whether it is one of them
 */
record Range(String wanted, double least, boolean leastItself, double most, boolean mostItself) {
  static final Range PROPER_SHARE = new Range("a share above 0 and below 1", 0, false, 1, false);

  /** The numbers that a key takes. */
  static Range of(Key key) {
    boolean leastItself = !Double.isNaN(key.from());
    boolean mostItself = !Double.isNaN(key.to());
    double least = leastItself ? key.from() : key.above();
    double most = mostItself ? key.to() : key.below();
    if (Double.isNaN(least) || Double.isNaN(most)) {
      throw new IllegalStateException("a number needs both ends: " + key.means());
    }
    return new Range(
        key.wanted().isEmpty() ? wanted(least, leastItself, most, mostItself) : key.wanted(),
        least,
        leastItself,
        most,
        mostItself);
  }

  private static String wanted(double least, boolean leastItself, double most, boolean mostItself) {
    if (least == 0 && leastItself && most == 1 && mostItself) {
      return "a number from 0 to 1";
    }
    return "a number %s %s and %s %s"
        .formatted(
            leastItself ? "of at least" : "above",
            plain(least),
            mostItself ? "at most" : "below",
            plain(most));
  }

  /** As a person writes it. */
  private static String plain(double number) {
    BigDecimal exact = BigDecimal.valueOf(number).stripTrailingZeros();
    return Math.abs(exact.precision() - exact.scale()) > 7
        ? exact.toString()
        : exact.toPlainString();
  }

  /** Whether a number is one of them. */
  boolean contains(double number) {
    boolean highEnough = leastItself ? number >= least : number > least;
    boolean lowEnough = mostItself ? number <= most : number < most;
    return highEnough && lowEnough;
  }
}
