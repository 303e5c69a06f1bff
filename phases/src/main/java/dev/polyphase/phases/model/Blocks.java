package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** The transformer blocks: for each a forward pass and the vector-Jacobian product. */
final class Blocks implements AutoCloseable {
  private static final List<String> PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
  private static final List<String> NORMS =
      List.of("input_layernorm", "post_attention_layernorm", "q_norm", "k_norm");

  /** Of larger heads some GPUs have no backward pass. */
  private static final int MOST_FLASH_HEAD_DIM = 192;

  private final ModelConfig config;
  private final ModelTensors tensors;
  private final Adapters adapters;
  private final Activations activations;
  private final List<Map<String, Parameter>> parameters = new ArrayList<>();
  private final Map<Variant, Kernel> kernels = new HashMap<>();
  private final List<Kernel> kernelOfLayer = new ArrayList<>();

  /**
   * All blocks.
   *
   * @param places the manager of each block's weights
   */
  Blocks(
      IntFunction<NDManager> places,
      ModelConfig config,
      ModelLayout layout,
      ModelTensors tensors,
      Adapters adapters,
      Activations activations) {
    this.config = config;
    this.tensors = tensors;
    this.adapters = adapters;
    this.activations = activations;
    for (int layer = 0; layer < config.numLayers(); layer++) {
      parameters.add(adapters.extend(layout.block(layer)));
      NDManager place = places.apply(layer);
      kernelOfLayer.add(
          kernels.computeIfAbsent(variant(layer, place), variant -> kernel(place, variant)));
    }
  }

  /** The lowest block that holds a trained tensor; the number of blocks where none does. */
  int lowestTrained() {
    for (int layer = 0; layer < parameters.size(); layer++) {
      if (parameters.get(layer).values().stream()
          .anyMatch(p -> tensors.trained().contains(p.name()))) {
        return layer;
      }
    }
    return parameters.size();
  }

  int count() {
    return parameters.size();
  }

  /**
   * A call of a block's kernel on its input {@code [batch, seq, hidden]}, to be completed. The
   * input may be on another device than the block; its gradient is where it is.
   *
   * @param positions on the block's device
   * @param dropoutSeed of the pass
   */
  Kernel.Call call(
      String method, int layer, NDArray x, RotaryTable.Slice positions, long dropoutSeed) {
    List<NDArray> arrays =
        parameters.get(layer).values().stream().map(p -> tensors.get(p.name())).toList();
    Kernel.Call call =
        kernelOfLayer
            .get(layer)
            .method(method)
            .with(x)
            .with(positions.cos())
            .with(positions.sin())
            .withNumbers(positions.documents())
            .withList("w", arrays);
    return drops(layer) ? call.withNumberInList("w", DropoutSeeds.at(dropoutSeed, layer)) : call;
  }

  /** Without dropout. */
  NDArray forward(int layer, NDArray x, RotaryTable.Slice positions, NDManager scratch) {
    return forward(layer, x, positions, DropoutSeeds.NONE, scratch);
  }

  /**
   * A forward pass that can be followed by {@link #backward}.
   *
   * @param dropoutSeed of the pass
   * @param ofInput whether the gradient of {@code x} will be wanted
   */
  Trace traced(
      int layer,
      NDArray x,
      RotaryTable.Slice positions,
      long dropoutSeed,
      boolean ofInput,
      NDManager scratch) {
    switch (activations) {
      case RECOMPUTED -> {
        return new Trace.Input(x, forward(layer, x, positions, dropoutSeed, scratch));
      }
      case KEPT -> {
        NDList found =
            call("traced", layer, x, positions, dropoutSeed)
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
   * @param dropoutSeed as it was in {@link #traced}
   * @param ofInput as it was there
   * @param gy the gradient of the block's output
   * @return the gradient of its input; {@code gy} itself where {@code ofInput} is false
   */
  NDArray backward(
      int layer,
      Trace trace,
      RotaryTable.Slice positions,
      long dropoutSeed,
      NDArray gy,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    NDList found;
    if (trace instanceof Trace.Graph graph) {
      found =
          kernelOfLayer
              .get(layer)
              .method("backward")
              .with(graph.output())
              .withList("leaves", graph.leaves())
              .with(gy)
              .withNumber(ofInput ? 1 : 0)
              .runWithAutograd(scratch);
    } else {
      NDArray x = ((Trace.Input) trace).x();
      found =
          call("vjp", layer, x, positions, dropoutSeed)
              .withNumbers(wanted(layer, ofInput))
              .with(gy)
              .runWithAutograd(scratch);
    }
    trace.close();
    int next = ofInput ? 1 : 0;
    for (Parameter parameter : parameters.get(layer).values()) {
      if (tensors.trained().contains(parameter.name())) {
        tensors.trained().get(parameter.name()).addGradient(gradients, found.get(next));
        next++;
      }
    }
    return ofInput ? found.get(0) : gy;
  }

  @Override
  public void close() {
    kernels.values().forEach(Kernel::close);
  }

  private NDArray forward(
      int layer, NDArray x, RotaryTable.Slice positions, long dropoutSeed, NDManager scratch) {
    return call("forward", layer, x, positions, dropoutSeed).runForOne(scratch);
  }

  /** 1 for each gradient that is wanted: of the input, then of each of the kernel's list. */
  private long[] wanted(int layer, boolean ofInput) {
    List<Parameter> all = List.copyOf(parameters.get(layer).values());
    long[] wanted = new long[1 + all.size() + (drops(layer) ? 1 : 0)];
    wanted[0] = ofInput ? 1 : 0;
    for (int i = 0; i < all.size(); i++) {
      wanted[1 + i] = tensors.trained().contains(all.get(i).name()) ? 1 : 0;
    }
    return wanted;
  }

  private Variant variant(int layer, NDManager place) {
    return new Variant(
        Libtorch.deviceName(place),
        config.windows().get(layer),
        List.copyOf(parameters.get(layer).keySet()),
        drops(layer));
  }

  private boolean drops(int layer) {
    return adapters.dropout() > 0
        && parameters.get(layer).keySet().stream().anyMatch(role -> role.endsWith(Adapters.A));
  }

  private Kernel kernel(NDManager manager, Variant variant) {
    List<String> roles = variant.roles();
    Map<String, Object> constants = new HashMap<>();
    for (int i = 0; i < PROJECTIONS.size(); i++) {
      String projection = PROJECTIONS.get(i);
      constants.put(
          projection,
          "%d, %d, %d, %d, %d"
              .formatted(
                  roles.indexOf(projection + ".weight"),
                  roles.indexOf(projection + ".bias"),
                  roles.indexOf(projection + Adapters.A),
                  roles.indexOf(projection + Adapters.B),
                  i));
    }
    constants.put("adapter_scale", adapters.scale());
    constants.put("dropout_seed", variant.drops() ? roles.size() : -1);
    constants.put("kept_share", 1 - adapters.dropout());
    for (String norm : NORMS) {
      constants.put(norm + ".weight", roles.indexOf(norm + ".weight"));
    }
    String device = variant.device();
    constants.put("device", device);
    constants.put("heads", config.numHeads());
    constants.put("kv_heads", config.numKeyValueHeads());
    constants.put("heads_per_group", config.numHeads() / config.numKeyValueHeads());
    constants.put("head_dim", config.headDim());
    constants.put("rms_norm_eps", config.rmsNormEps());
    constants.put("window", variant.window());
    constants.put("on_gpu", device.startsWith("cuda") ? "True" : "False");
    constants.put("flash", hasFlash(manager) ? "True" : "False");
    return Kernel.load(manager, Blocks.class, "block.py", constants);
  }

  /** Whether flash attention is for heads of a model's size. */
  static boolean fitsFlash(ModelConfig config) {
    return config.headDim() % 8 == 0 && config.headDim() <= MOST_FLASH_HEAD_DIM;
  }

  private boolean hasFlash(NDManager manager) {
    return Libtorch.hasFlashAttention(manager) && fitsFlash(config);
  }

  /**
   * What makes the kernels of blocks differ.
   *
   * @param device the block's
   * @param window the attention's, 0 for none
   * @param roles of the parameters and adapters, in the order of the kernel's list
   * @param drops whether a seed stands behind them
   */
  private record Variant(String device, int window, List<String> roles, boolean drops) {}
}
