package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The transformer blocks: for each a forward pass and the vector-Jacobian product. */
final class Blocks implements AutoCloseable {
  private static final List<String> PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
  private static final List<String> NORMS =
      List.of("input_layernorm", "post_attention_layernorm", "q_norm", "k_norm");

  private final ModelConfig config;
  private final Weights weights;
  private final Activations activations;
  private final List<Map<String, Parameter>> parameters = new ArrayList<>();
  private final Map<Integer, Kernel> kernelByWindow = new HashMap<>();

  Blocks(
      NDManager manager,
      ModelConfig config,
      ModelLayout layout,
      Weights weights,
      Activations activations) {
    this.config = config;
    this.weights = weights;
    this.activations = activations;
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
    return kernel(layer)
        .method(method)
        .with(x)
        .with(positions.cos())
        .with(positions.sin())
        .withNumbers(positions.documents())
        .withList("w", tensors);
  }

  NDArray forward(int layer, NDArray x, RotaryTable.Slice positions, NDManager scratch) {
    return call("forward", layer, x, positions).runForOne(scratch);
  }

  /**
   * A forward pass that can be followed by {@link #backward}.
   *
   * @param ofInput whether the gradient of {@code x} will be wanted
   */
  Trace traced(
      int layer, NDArray x, RotaryTable.Slice positions, boolean ofInput, NDManager scratch) {
    switch (activations) {
      case RECOMPUTED -> {
        return new Trace.Input(x, forward(layer, x, positions, scratch));
      }
      case KEPT -> {
        NDList found =
            call("traced", layer, x, positions)
                .withNumbers(wanted(layer, ofInput))
                .runWithAutograd(scratch);
        return new Trace.Graph(found.get(0), List.copyOf(found.subList(1, found.size())));
      }
    }
    throw new IllegalStateException(activations.name());
  }

  /**
   * Adds the gradients of the block's trained tensors, and lets go of the trace.
   *
   * @param ofInput as it was in {@link #traced}
   * @param gy the gradient of the block's output
   * @return the gradient of its input; {@code gy} itself where {@code ofInput} is false
   */
  NDArray backward(
      int layer,
      Trace trace,
      RotaryTable.Slice positions,
      NDArray gy,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    NDList found;
    if (trace instanceof Trace.Graph graph) {
      found =
          kernel(layer)
              .method("backward")
              .with(graph.output())
              .withList("leaves", graph.leaves())
              .with(gy)
              .runWithAutograd(scratch);
    } else {
      NDArray x = ((Trace.Input) trace).x();
      found =
          call("vjp", layer, x, positions)
              .withNumbers(wanted(layer, ofInput))
              .with(gy)
              .runWithAutograd(scratch);
    }
    trace.close();
    int next = ofInput ? 1 : 0;
    for (Parameter parameter : parameters.get(layer).values()) {
      if (weights.trains(parameter.name())) {
        gradients.add(parameter.name(), found.get(next));
        next++;
      }
    }
    return ofInput ? found.get(0) : gy;
  }

  @Override
  public void close() {
    kernelByWindow.values().forEach(Kernel::close);
  }

  /** 1 for each gradient that is wanted: of the input, then of each weight. */
  private long[] wanted(int layer, boolean ofInput) {
    List<Parameter> all = List.copyOf(parameters.get(layer).values());
    long[] wanted = new long[1 + all.size()];
    wanted[0] = ofInput ? 1 : 0;
    for (int i = 0; i < all.size(); i++) {
      wanted[1 + i] = weights.trains(all.get(i).name()) ? 1 : 0;
    }
    return wanted;
  }

  private Kernel kernel(int layer) {
    return requireNonNull(kernelByWindow.get(config.windows().get(layer)));
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
