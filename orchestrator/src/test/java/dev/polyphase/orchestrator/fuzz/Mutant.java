package dev.polyphase.orchestrator.fuzz;

import java.nio.charset.StandardCharsets;

/** A file that was changed. */
final class Mutant {
  private static final int LONGEST = 160;

  private final String how;
  private final byte[] bytes;

  /**
   * A changed file.
   *
   * @param how what was done to it
   * @param bytes what it holds now
   */
  Mutant(String how, byte[] bytes) {
    this.how = shown(how);
    this.bytes = bytes;
  }

  /** A text, in UTF-8. */
  static Mutant of(String how, String text) {
    return new Mutant(how, text.getBytes(StandardCharsets.UTF_8));
  }

  /** What was done to it, in one short line. */
  String how() {
    return how;
  }

  /** What it holds now. */
  byte[] bytes() {
    return bytes;
  }

  /** A text as it can stand in a line of a log. */
  static String shown(String text) {
    String begin = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    return begin.replaceAll("[^\\x20-\\x7e…]", "?");
  }
}
