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
  private final ModelTensors tensors;
  private final Adapters adapters;
  private final Activations activations;
  private final List<Map<String, Parameter>> parameters = new ArrayList<>();
  private final Map<BlockKernel, Kernel> kernels = new HashMap<>();
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
    this.tensors = tensors;
    this.adapters = adapters;
    this.activations = activations;
    for (int layer = 0; layer < config.numLayers(); layer++) {
      parameters.add(adapters.extend(layout.block(layer)));
      NDManager place = places.apply(layer);
      kernelOfLayer.add(
          kernels.computeIfAbsent(
              kernel(config.blocks().get(layer), layer, place), it -> it.load(place, adapters)));
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

  /** Whether they are computed again in the backward pass. */
  boolean recompute() {
    return activations == Activations.RECOMPUTED;
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
    return call(method, layer, x, positions, dropoutSeed, arrays);
  }

  private Kernel.Call call(
      String method,
      int layer,
      NDArray x,
      RotaryTable.Slice positions,
      long dropoutSeed,
      List<NDArray> arrays) {
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
    // What is made for it in the place of weights is of this block alone.
    try (NDManager shown = scratch.newSubManager()) {
      List<NDArray> arrays =
          parameters.get(layer).values().stream().map(p -> tensors.get(p.name(), shown)).toList();
      return call("forward", layer, x, positions, dropoutSeed, arrays).runForOne(scratch);
    }
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

  private BlockKernel kernel(DecoderBlock block, int layer, NDManager place) {
    return new BlockKernel(
        Libtorch.deviceName(place),
        block,
        List.copyOf(parameters.get(layer).keySet()),
        drops(layer));
  }

  private boolean drops(int layer) {
    return adapters.dropout() > 0
        && parameters.get(layer).keySet().stream().anyMatch(role -> role.endsWith(Adapters.A));
  }
}
