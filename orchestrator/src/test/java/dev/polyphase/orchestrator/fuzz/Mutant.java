package dev.polyphase.orchestrator.fuzz;

import java.nio.charset.StandardCharsets;

/**
 * A file that was changed.
 *
 * @param how what was done to it, in one short line
 * @param bytes what it holds now
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record Mutant(String how, byte[] bytes) {
  private static final int LONGEST = 160;

  Mutant {
    how = shown(how);
  }

  /** A text, in UTF-8. */
  static Mutant of(String how, String text) {
    return new Mutant(how, text.getBytes(StandardCharsets.UTF_8));
  }

  /** A text as it can stand in a line of a log. */
  static String shown(String text) {
    String begin = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
    return begin.replaceAll("[^\\x20-\\x7e…]", "?");
  }
}
