package dev.polyphase.phases.model;

import java.util.List;

/**
 * A gated MLP, {@code down(silu(gate(x)) * up(x))} (Shazeer 2020, eq. 6).
 *
 * @param intermediateSize the width of gate and up
 * @param bias whether gate, up and down have biases
 */
public record Mlp(int intermediateSize, boolean bias) {
  static final List<String> PROJECTIONS = List.of("gate_proj", "up_proj", "down_proj");

  private static final String GROUP = "mlp.";

  void addTo(BlockTensors tensors, int hiddenSize) {
    tensors.project(GROUP, "gate_proj", intermediateSize, hiddenSize, bias);
    tensors.project(GROUP, "up_proj", intermediateSize, hiddenSize, bias);
    tensors.project(GROUP, "down_proj", hiddenSize, intermediateSize, bias);
  }

  /** What kernels have its methods from. */
  List<String> sources() {
    return List.of("parts/swiglu.py");
  }

  /**
   * What autograd keeps of a token, in bytes: the input where gate or up is trained; gate, its
   * activation and up; their product where down is trained.
   */
  long savedBytesOfToken(BlockPass pass, int hiddenSize) {
    long values = pass.trains("gate_proj", "up_proj") ? hiddenSize : 0;
    values += (pass.trains("down_proj") ? 4L : 3L) * intermediateSize;
    return values * pass.computeBytes();
  }

  /** The gradients of three inner arrays. */
  long backwardBytesOfToken(BlockPass pass) {
    return 3L * intermediateSize * pass.computeBytes();
  }
}
