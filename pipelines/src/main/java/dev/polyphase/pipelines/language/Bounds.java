package dev.polyphase.pipelines.language;

/**
 * The most that a key takes. Each is far beyond any use, and so small that products of several of
 * them, as of steps and tokens, fit a {@code long}: what is larger is a slip of the hand.
 */
final class Bounds {
  static final int SEQUENCE_LEN = 10_000_000;
  static final int MICRO_BATCH_SIZE = 65_536;
  static final int GRADIENT_ACCUMULATION_STEPS = 1_000_000;

  /** Of optimiser steps, and of what counts them or rows. */
  static final int STEPS = 1_000_000_000;

  static final double EPOCHS = 100_000;

  /** Two years, nearly. */
  static final double MINUTES = 1_000_000;

  /** Of tokens and parameters. */
  static final long TOKENS = 1_000_000_000_000_000L;

  /** Of learning rates, and of what they are multiplied by. */
  static final double RATE = 1000;

  /** Below it the number is 0 in float32, or so near to it that a division overflows. */
  static final double LEAST_EPSILON = 1e-30;

  static final double EPSILON = 1;
  static final double WEIGHT_DECAY = 1000;

  /** Of norms, which some set so high that nothing is clipped. */
  static final double NORM = 1e12;

  static final double LOSS = 1e6;
  static final double NOISE = 10_000;
  static final int ADAPTER_RANK = 65_536;
  static final double ADAPTER_ALPHA = 1e6;
  static final double EXPONENT = 1000;
  static final double CYCLES = 1e6;

  /** Of a DPO's beta and the like. */
  static final double TEMPERATURE = 1000;

  static final double DATASET_WEIGHT = 1000;

  private Bounds() {}
}
