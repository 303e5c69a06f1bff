package dev.polyphase.phases.model;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;

/**
 * Where and how a model is in memory.
 *
 * @param placement which part is on which device, named as in {@link Libtorch#newManager}
 * @param precision of the frozen weights and the compute
 * @param activations what backward passes are given
 * @param mastersAt where the masters of trained tensors are
 */
public record Residency(
    Placement placement, Precision precision, Activations activations, MastersAt mastersAt) {

  /** On one device, with its masters. */
  public static Residency on(String device, Precision precision, Activations activations) {
    return new Residency(Placement.on(device), precision, activations, MastersAt.MODEL);
  }
}
