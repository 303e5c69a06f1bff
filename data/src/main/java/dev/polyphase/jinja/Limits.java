package dev.polyphase.jinja;

/**
 * What each value and a template's structure may come to: templates come with downloaded models.
 * What a rendering uses in all is its {@link Budget}.
 */
final class Limits {
  /** UTF-16 units of the output, or of any string made on the way. */
  static final int MAX_CHARS = 1 << 24;

  /** Elements of a list made on the way. */
  static final int MAX_ITEMS = 1 << 20;

  /** Elements of a range, as jinja2's sandbox has it. */
  static final int MAX_RANGE = 100_000;

  /** Rounds of all loops together. */
  static final int MAX_ROUNDS = 1 << 20;

  /** Macros that are running at once. */
  static final int MAX_DEPTH = 200;

  /** UTF-16 units of a template's source; published ones have some thousands. */
  static final int MAX_SOURCE = 1 << 20;

  /** Characters of a fault's message, which may quote what the row says. */
  static final int MAX_MESSAGE = 2000;

  /** Bits of an integer. */
  static final int MAX_BITS = 1 << 14;

  private Limits() {}

  /** Refuses a string that would be too long, before it is made. */
  static void requireChars(long chars) {
    if (chars > MAX_CHARS) {
      throw new Fault("the text grows beyond %,d characters".formatted(MAX_CHARS));
    }
  }

  /** Refuses a list that would be too long, before it is made. */
  static void requireItems(long items) {
    if (items > MAX_ITEMS) {
      throw new Fault("a list grows beyond %,d elements".formatted(MAX_ITEMS));
    }
  }
}
