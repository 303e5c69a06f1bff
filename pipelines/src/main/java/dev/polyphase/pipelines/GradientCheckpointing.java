package dev.polyphase.pipelines;

/**
 * Whether a phase computes its blocks again in the backward pass rather than keep what they need.
 */
public enum GradientCheckpointing {
  /** Where memory would not suffice otherwise. */
  AUTO,
  ON,
  OFF
}
