package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The transformer blocks: for each a forward and a vector-Jacobian product that recomputes it. */
final class Blocks implements AutoCloseable {
  private static final List<String> PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
  private static final List<String> NORMS =
      List.of("input_layernorm", "post_attention_layernorm", "q_norm", "k_norm");

  private final ModelConfig config;
  private final Weights weights;
  private final List<Map<String, Parameter>> parameters = new ArrayList<>();
  private final Map<Integer, Kernel> kernelByWindow = new HashMap<>();

  Blocks(NDManager manager, ModelConfig config, ModelLayout layout, Weights weights) {
    this.config = config;
    this.weights = weights;
    for (int layer = 0; layer < config.numLayers(); layer++) {
      parameters.add(layout.block(layer));
      kernelByWindow.computeIfAbsent(
          config.windows().get(layer), window -> kernel(manager, layout, window));
    }
  }

  /** The lowest block that holds a trained tensor; the number of blocks where none does. */
  int lowestTrained() {
    for (int layer = 0; layer < parameters.size(); layer++) {
      if (parameters.get(layer).values().stream().anyMatch(p -> weights.trains(p.name()))) {
        return layer;
      }
    }
    return parameters.size();
  }

  int count() {
    return parameters.size();
  }

  /** A call of a block's kernel on its input {@code [batch, seq, hidden]}, to be completed. */
  Kernel.Call call(String method, int layer, NDArray x, RotaryTable.Slice positions) {
    List<NDArray> tensors =
        parameters.get(layer).values().stream().map(p -> weights.get(p.name())).toList();
    return requireNonNull(kernelByWindow.get(config.windows().get(layer)))
        .method(method)
        .with(x)
        .with(positions.cos())
        .with(positions.sin())
        .withList("w", tensors);
  }

  NDArray forward(int layer, NDArray x, RotaryTable.Slice positions, NDManager scratch) {
    return call("forward", layer, x, positions).runForOne(scratch);
  }

  /**
   * Adds the gradients of the block's trained tensors.
   *
   * @param gy the gradient of the block's output
   * @return the gradient of its input; {@code gy} itself where {@code ofInput} is false
   */
  NDArray backward(
      int layer,
      NDArray x,
      RotaryTable.Slice positions,
      NDArray gy,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    List<String> trained = new ArrayList<>();
    List<Parameter> all = List.copyOf(parameters.get(layer).values());
    long[] flags = new long[1 + all.size()];
    flags[0] = ofInput ? 1 : 0;
    for (int i = 0; i < all.size(); i++) {
      if (weights.trains(all.get(i).name())) {
        flags[1 + i] = 1;
        trained.add(all.get(i).name());
      }
    }
    List<NDArray> found =
        call("vjp", layer, x, positions).withNumbers(flags).with(gy).runWithAutograd(scratch);
    int first = ofInput ? 1 : 0;
    for (int i = 0; i < trained.size(); i++) {
      gradients.add(trained.get(i), found.get(first + i));
    }
    return ofInput ? found.get(0) : gy;
  }

  @Override
  public void close() {
    kernelByWindow.values().forEach(Kernel::close);
  }

  private Kernel kernel(NDManager manager, ModelLayout layout, int window) {
    List<String> roles = List.copyOf(layout.block(0).keySet());
    Map<String, Object> constants = new HashMap<>();
    for (String projection : PROJECTIONS) {
      constants.put(projection + ".weight", roles.indexOf(projection + ".weight"));
      constants.put(projection + ".bias", roles.indexOf(projection + ".bias"));
    }
    for (String norm : NORMS) {
      constants.put(norm + ".weight", roles.indexOf(norm + ".weight"));
    }
    String device = Libtorch.deviceName(manager);
    constants.put("device", device);
    constants.put("heads", config.numHeads());
    constants.put("kv_heads", config.numKeyValueHeads());
    constants.put("heads_per_group", config.numHeads() / config.numKeyValueHeads());
    constants.put("head_dim", config.headDim());
    constants.put("rms_norm_eps", config.rmsNormEps());
    constants.put("window", window);
    // libtorch's fused attention knows grouped queries on CUDA only; elsewhere it would build the
    // whole matrix of scores.
    boolean grouped = device.startsWith("cuda") || config.numHeads() == config.numKeyValueHeads();
    constants.put("repeat_groups", grouped ? "False" : "True");
    return Kernel.load(manager, Blocks.class, "block.py", constants);
  }
}
