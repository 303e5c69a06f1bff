package dev.polyphase.pipelines;

/**
 * Whether a phase computes its blocks again in the backward pass rather than keep what they need.
 */
public enum GradientCheckpointing {
  /** As many of them as memory would not suffice for otherwise. */
  AUTO,
  ON,
  OFF
}
