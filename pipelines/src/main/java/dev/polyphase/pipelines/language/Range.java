package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.SelectionRule.Budget;
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
  static final Range PERCENT =
      new Range(
          between(Budget.LEAST_PERCENT, 100) + ", or adaptive",
          Budget.LEAST_PERCENT,
          true,
          100,
          true);
  static final Range SHARE = new Range("a number from 0 to 1", 0, true, 1, true);
  static final Range PROPER_SHARE = new Range("a share above 0 and below 1", 0, false, 1, false);
  static final Range BELOW_ONE = new Range("a number of at least 0 and below 1", 0, true, 1, false);
  static final Range BELOW_HALF =
      new Range("a number of at least 0 and below 0.5", 0, true, 0.5, false);

  /** Every number above 0 up to one. */
  static Range above0(double most) {
    return new Range("a number above 0 and at most " + plain(most), 0, false, most, true);
  }

  /** Every number from 0 up to one. */
  static Range from0(double most) {
    return from(0, most);
  }

  /** Every number from one up to another. */
  static Range from(double least, double most) {
    return new Range(between(least, most), least, true, most, true);
  }

  private static String between(double least, double most) {
    return "a number of at least " + plain(least) + " and at most " + plain(most);
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
