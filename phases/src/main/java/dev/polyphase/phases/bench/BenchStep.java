package dev.polyphase.phases.bench;

import java.util.OptionalDouble;

/** An optimiser step on one batch of random tokens, to be taken again and again. */
public interface BenchStep extends AutoCloseable {

  /** Takes the step, and returns when it is done. */
  void run();

  /**
   * How many seconds the last step took, where the step knows that better than who waits for it:
   * one that another process takes.
   */
  default OptionalDouble ownSeconds() {
    return OptionalDouble.empty();
  }

  /** The loss of the last step, before its update; empty where it is not known. */
  default OptionalDouble lastLoss() {
    return OptionalDouble.empty();
  }

  @Override
  void close();
}
