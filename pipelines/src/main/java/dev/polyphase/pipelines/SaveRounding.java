package dev.polyphase.pipelines;

/** How trained weights are rounded to the number format in which they are saved. */
public enum SaveRounding {
  /** To the nearest value, ties to even. */
  NEAREST,
  /** Up or down at random, so that the mean stays: seeded, so the same bytes every time. */
  STOCHASTIC
}
