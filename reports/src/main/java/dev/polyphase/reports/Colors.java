package dev.polyphase.reports;

import org.jspecify.annotations.Nullable;

/** The colours of the pictures, as {@code 0xRRGGBB}. */
final class Colors {
  static final int PAGE = 0xffffff;
  static final int INK = 0x1f2328;
  static final int FAINT = 0x5c656f;
  static final int PENDING = 0xe7eaee;
  static final int MARK = 0xffffff;

  // Trained is darker than frozen at every depth: who can't tell green from red has that and the
  // mark.
  private static final int TRAINED_BEST = 0x0b5d33;
  private static final int TRAINED_LAST = 0x45a86b;
  private static final int FROZEN_FIRST = 0xe2705f;
  private static final int FROZEN_WORST = 0xf8d9d3;
  private static final double UNRANKED = 0.5;

  private Colors() {}

  /**
   * A module's colour.
   *
   * @param depth 1 for the best, 0 for the worst of the trained or of the frozen modules of its
   *     type; null where they are not ranked
   */
  static int module(boolean trained, @Nullable Double depth) {
    double share = depth == null ? UNRANKED : depth;
    return trained
        ? mix(TRAINED_LAST, TRAINED_BEST, share)
        : mix(FROZEN_WORST, FROZEN_FIRST, share);
  }

  /** The colour that lies {@code share} of the way from one to another, channel by channel. */
  static int mix(int from, int to, double share) {
    int mixed = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
      int channel = from >> shift & 0xff;
      mixed |= (int) Math.round(channel + share * ((to >> shift & 0xff) - channel)) << shift;
    }
    return mixed;
  }

  /** As CSS and SVG write it. */
  static String hex(int rgb) {
    return "#" + Integer.toHexString(0x1000000 | rgb).substring(1);
  }
}
