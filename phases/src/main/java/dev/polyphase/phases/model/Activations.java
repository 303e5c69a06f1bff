package dev.polyphase.phases.model;

/** What becomes of a block's intermediate results between its forward and its backward pass. */
public enum Activations {
  /** They are kept: faster, by about a quarter. */
  KEPT,
  /** Only the block's input is kept and the block computed again: smaller, and equal to the bit. */
  RECOMPUTED
}
