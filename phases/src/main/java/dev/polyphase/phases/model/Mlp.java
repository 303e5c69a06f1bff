package dev.polyphase.phases.model;

import java.util.List;
import java.util.Map;

/**
 * A gated MLP, {@code down(activation(gate(x)) * up(x))} (Shazeer 2020, eq. 6).
 *
 * @param intermediateSize the width of gate and up
 * @param bias whether gate, up and down have biases
 * @param fused whether gate and up are one matrix, {@code gate_up_proj}, gate's rows first
 * @param activation of the gate
 */
public record Mlp(int intermediateSize, boolean bias, boolean fused, Activation activation)
    implements FeedForward {
  private static final String GROUP = "mlp.";
  private static final String GATE = "gate_proj";
  private static final String UP = "up_proj";
  private static final String GATE_AND_UP = "gate_up_proj";
  private static final String DOWN = "down_proj";

  /** What a gate's values go through. */
  public enum Activation {
    /** {@code x * sigmoid(x)}: SwiGLU. */
    SILU("parts/silu.py"),
    /** Hendrycks and Gimpel 2016 by its approximation with tanh: GeGLU as Gemma has it. */
    GELU_TANH("parts/gelu_tanh.py");

    private final String source;

    Activation(String source) {
      this.source = source;
    }
  }

  /** SwiGLU of two matrices and a third. */
  public Mlp(int intermediateSize, boolean bias) {
    this(intermediateSize, bias, false, Activation.SILU);
  }

  @Override
  public void addTo(BlockTensors tensors, int hiddenSize) {
    if (fused) {
      tensors.project(GROUP, GATE_AND_UP, 2L * intermediateSize, hiddenSize, bias);
    } else {
      tensors.project(GROUP, GATE, intermediateSize, hiddenSize, bias);
      tensors.project(GROUP, UP, intermediateSize, hiddenSize, bias);
    }
    tensors.project(GROUP, DOWN, hiddenSize, intermediateSize, bias);
  }

  @Override
  public List<String> projections() {
    return fused ? List.of(GATE_AND_UP, DOWN) : List.of(GATE, UP, DOWN);
  }

  @Override
  public List<String> sources() {
    return List.of(
        "parts/gated_mlp.py", fused ? "parts/fused_gates.py" : "parts/gates.py", activation.source);
  }

  @Override
  public Map<String, Object> constants() {
    return Map.of();
  }

  /** Gate and up. */
  @Override
  public long savedBytesOfToken(BlockPass pass, int hiddenSize) {
    return 2L * intermediateSize * pass.computeBytes();
  }

  /** The activation, its product with up and that one's gradient; the two gradients in one. */
  @Override
  public long backwardBytesOfToken(BlockPass pass, int hiddenSize) {
    return (fused ? 4L : 3L) * intermediateSize * pass.computeBytes();
  }
}
