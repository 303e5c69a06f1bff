package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/** Makes masters in halves, and gradients of 16 bits. */
public final class TrainedMasters implements AutoCloseable {
  private final NDManager manager;
  private final Masters masters;

  public TrainedMasters(NDManager manager) {
    this.manager = manager;
    this.masters = new Masters(manager);
  }

  /** A master in halves with these values. */
  public Master halves(NDArray values, NDManager owner) {
    return masters.halves(values, owner);
  }

  /** Values rounded to bfloat16. */
  public NDArray sixteenBits(NDArray values) {
    return masters.halves(values, manager).upper();
  }

  @Override
  public void close() {
    masters.close();
  }
}
