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
import org.jspecify.annotations.Nullable;

/** The transformer blocks: for each a forward pass and the vector-Jacobian product. */
final class Blocks implements AutoCloseable {
  private static final String POSITIONS = "positions";
  private static final String DOCUMENTS = "documents";

  private final ModelTensors tensors;
  private final Adapters adapters;
  private final IntFunction<Activations> activations;
  private final List<Map<String, Parameter>> parameters = new ArrayList<>();
  private final List<Rope> ropes;
  private final List<Boolean> sayRouting;
  private final Map<BlockKernel, Kernel> kernels = new HashMap<>();
  private final List<Kernel> kernelOfLayer = new ArrayList<>();

  /**
   * All blocks.
   *
   * @param places the manager of each block's weights
   * @param activations what becomes of each block's intermediate results
   */
  Blocks(
      IntFunction<NDManager> places,
      ModelConfig config,
      ModelLayout layout,
      ModelTensors tensors,
      Adapters adapters,
      IntFunction<Activations> activations) {
    this.tensors = tensors;
    this.adapters = adapters;
    this.activations = activations;
    this.ropes = config.blocks().stream().map(block -> block.attention().rope()).toList();
    this.sayRouting = config.blocks().stream().map(DecoderBlock::saysRouting).toList();
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
      String method, int layer, NDArray x, Positions.OfPass positions, long dropoutSeed) {
    return call(method, layer, x, positions, dropoutSeed, arrays(layer));
  }

  private List<NDArray> arrays(int layer) {
    return parameters.get(layer).values().stream().map(p -> tensors.get(p.name())).toList();
  }

  private Kernel.Call call(
      String method,
      int layer,
      NDArray x,
      Positions.OfPass positions,
      long dropoutSeed,
      List<NDArray> arrays) {
    Kernel.Call call = kernelOfLayer.get(layer).method(method).with(x);
    return with(call, layer, positions, dropoutSeed, arrays);
  }

  /** A call that is given where tokens are and the block's weights. */
  private Kernel.Call with(
      Kernel.Call call,
      int layer,
      Positions.OfPass positions,
      long dropoutSeed,
      List<NDArray> arrays) {
    List<NDArray> turning = positions.arrays(ropes.get(layer));
    // A list must not be empty.
    if (turning.isEmpty()) {
      call.withNumberInList(POSITIONS, 0);
    } else {
      call.withList(POSITIONS, turning);
    }
    call.withNumbersInList(DOCUMENTS, positions.documents());
    if (!positions.starts().isEmpty()) {
      call.withList(DOCUMENTS, positions.starts());
    }
    call.withList("w", arrays);
    return drops(layer) ? call.withNumberInList("w", DropoutSeeds.at(dropoutSeed, layer)) : call;
  }

  /**
   * Without dropout.
   *
   * @param routing hears of it; null for nobody
   */
  NDArray forward(
      int layer,
      NDArray x,
      Positions.OfPass positions,
      @Nullable PassRouting routing,
      NDManager scratch) {
    return forward(layer, x, positions, DropoutSeeds.NONE, routing, scratch);
  }

  /**
   * A forward pass that can be followed by {@link #backward}. The trace has what it needs of the
   * input.
   *
   * @param below the trace of the block below, whose output the input is; null where it has none
   * @param dropoutSeed of the pass
   * @param routing hears of it; null for nobody
   * @param ofInput whether the gradient of {@code x} will be wanted
   */
  Trace traced(
      int layer,
      NDArray x,
      @Nullable Trace below,
      Positions.OfPass positions,
      long dropoutSeed,
      @Nullable PassRouting routing,
      boolean ofInput,
      NDManager scratch) {
    boolean ofGraph = below instanceof Trace.Graph;
    Activations ofBlock = activations.apply(layer);
    switch (ofBlock) {
      case RECOMPUTED -> {
        NDArray y = forward(layer, x, positions, dropoutSeed, routing, scratch);
        return new Trace.Input(x, y, ofGraph);
      }
      case KEPT -> {
        NDList found =
            call("traced", layer, x, positions, dropoutSeed)
                .withNumbers(wanted(layer, ofInput))
                .runWithAutograd(scratch);
        int said = sayRouting.get(layer) ? 2 : 0;
        List<NDArray> told = List.copyOf(found.subList(1, 1 + said));
        if (routing != null && said > 0) {
          routing.hear(layer, told);
        }
        told.forEach(NDArray::close);
        if (!ofGraph) {
          // The trace holds what it needs of it.
          x.close();
        }
        return new Trace.Graph(found.get(0), List.copyOf(found.subList(1 + said, found.size())));
      }
    }
    throw new IllegalStateException(ofBlock.name());
  }

  /**
   * Adds the gradients of the block's trained tensors, and lets go of the trace.
   *
   * @param dropoutSeed as it was in {@link #traced}
   * @param ofInput as it was there
   * @param gy the gradient of the block's output
   * @param routing that heard of the forward pass; null for none
   * @return the gradient of its input; {@code gy} itself where {@code ofInput} is false
   */
  NDArray backward(
      int layer,
      Trace trace,
      Positions.OfPass positions,
      long dropoutSeed,
      NDArray gy,
      @Nullable PassRouting routing,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    NDList found;
    List<NDArray> ofOutputs = new ArrayList<>(List.of(gy));
    if (routing != null && sayRouting.get(layer)) {
      ofOutputs.add(routing.gradient(layer));
    }
    if (trace instanceof Trace.Graph graph) {
      Kernel.Call call = kernelOfLayer.get(layer).method("backward").withList("kept", graph.kept());
      found =
          with(call, layer, positions, dropoutSeed, arrays(layer))
              .withNumbers(wanted(layer, ofInput))
              .withList("of_outputs", ofOutputs)
              .runWithAutograd(scratch);
    } else {
      NDArray x = ((Trace.Input) trace).x();
      found =
          call("vjp", layer, x, positions, dropoutSeed)
              .withNumbers(wanted(layer, ofInput))
              .withList("of_outputs", ofOutputs)
              .runWithAutograd(scratch);
    }
    trace.close();
    ofOutputs.subList(1, ofOutputs.size()).forEach(NDArray::close);
    int next = ofInput ? 1 : 0;
    for (Parameter parameter : parameters.get(layer).values()) {
      if (tensors.trained().contains(parameter.name())) {
        tensors.addGradient(parameter.name(), gradients, found.get(next));
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
      int layer,
      NDArray x,
      Positions.OfPass positions,
      long dropoutSeed,
      @Nullable PassRouting routing,
      NDManager scratch) {
    // What is made for it in the place of weights is of this block alone.
    try (NDManager shown = scratch.newSubManager()) {
      List<NDArray> arrays =
          parameters.get(layer).values().stream().map(p -> tensors.get(p.name(), shown)).toList();
      if (routing == null || !sayRouting.get(layer)) {
        return call("forward", layer, x, positions, dropoutSeed, arrays).runForOne(scratch);
      }
      NDList found = call("told", layer, x, positions, dropoutSeed, arrays).run(scratch);
      List<NDArray> said = found.subList(1, found.size());
      routing.hear(layer, said);
      said.forEach(NDArray::close);
      return found.get(0);
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
