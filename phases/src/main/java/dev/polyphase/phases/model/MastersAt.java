package dev.polyphase.phases.model;

/** Where the float32 masters of a model are. */
public enum MastersAt {
  /** Where the model is: it computes with the masters themselves. */
  MODEL,
  /** On the CPU: the model computes with copies of them in its own dtype. */
  HOST
}
