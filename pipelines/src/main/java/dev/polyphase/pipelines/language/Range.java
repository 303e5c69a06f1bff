package dev.polyphase.pipelines.language;

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
  private static final double NO_END = Double.POSITIVE_INFINITY;

  static final Range POSITIVE = new Range("a number above 0", 0, false, NO_END, false);
  static final Range NOT_NEGATIVE = new Range("a number of at least 0", 0, true, NO_END, false);
  static final Range PERCENT =
      new Range("a number above 0 and at most 100, or adaptive", 0, false, 100, true);
  static final Range SHARE = new Range("a number from 0 to 1", 0, true, 1, true);
  static final Range PROPER_SHARE = new Range("a share above 0 and below 1", 0, false, 1, false);
  static final Range BELOW_ONE = new Range("a number of at least 0 and below 1", 0, true, 1, false);
  static final Range BELOW_HALF =
      new Range("a number of at least 0 and below 0.5", 0, true, 0.5, false);

  /** Whether a number is one of them. */
  boolean contains(double number) {
    boolean highEnough = leastItself ? number >= least : number > least;
    boolean lowEnough = mostItself ? number <= most : number < most;
    return highEnough && lowEnough;
  }
}
