package dev.polyphase.phases.bench;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The bare matrix products of a step that trains everything: of each linear layer, of attention
 * (whole squares of scores) and of the head the forward and both backward products. They write into
 * arrays that are there before; nothing else is computed.
 */
public final class FloorStep implements BenchStep {
  private final DecoderShape shape;
  private final NDManager manager;
  private final Kernel kernel;
  private final NDArray like;
  private final List<NDArray> weights = new ArrayList<>();
  private final Map<DecoderShape.Linear, NDArray> gradientOfWeight = new HashMap<>();
  private final Map<Integer, NDArray> activations = new HashMap<>();
  private final Map<Integer, NDArray> outputs = new HashMap<>();
  private final NDArray heads;
  private final NDArray headsOut;
  private final NDArray scores;

  /** The products of a shape, in a precision. */
  public FloorStep(DecoderShape shape, String device, Precision precision) {
    this.shape = shape;
    this.manager = Libtorch.newManager(device);
    this.kernel = Kernel.load(manager, FloorStep.class, "floor.py", Map.of());
    try (TensorStore store = new TensorStore(manager)) {
      this.like = store.like(manager, precision);
    }
    for (DecoderShape.Linear linear : shape.linears()) {
      // Every layer has weights of its own: what a cache holds of one is of no use to the next.
      weights.add(random(linear.out(), linear.in()));
      gradientOfWeight.computeIfAbsent(linear, l -> random(l.out(), l.in()));
      for (int width : new int[] {linear.in(), linear.out()}) {
        activations.computeIfAbsent(width, w -> random(shape.tokens(), w));
        outputs.computeIfAbsent(width, w -> random(shape.tokens(), w));
      }
    }
    long matrices = (long) shape.batch() * shape.heads();
    this.heads = random(matrices, shape.sequence(), shape.hidden() / shape.heads());
    this.headsOut = random(matrices, shape.sequence(), shape.hidden() / shape.heads());
    this.scores = random(matrices, shape.sequence(), shape.sequence());
  }

  @Override
  public void run() {
    try (NDManager scratch = manager.newSubManager()) {
      List<DecoderShape.Linear> linears = shape.linears();
      NDArray last = heads;
      for (int i = 0; i < linears.size(); i++) {
        last = products(linears.get(i), weights.get(i), scratch);
      }
      for (int layer = 0; layer < shape.layers(); layer++) {
        kernel.method("attention").with(heads).with(scores).with(headsOut).run(scratch);
      }
      // On a GPU what was asked for is done when something is read.
      kernel.method("first").with(last).runForOne(scratch).toFloatArray();
    }
  }

  @Override
  public void close() {
    kernel.close();
    Libtorch.close(manager);
  }

  private NDArray products(DecoderShape.Linear linear, NDArray weight, NDManager scratch) {
    return kernel
        .method("linear")
        .with(requireNonNull(activations.get(linear.in())))
        .with(requireNonNull(activations.get(linear.out())))
        .with(weight)
        .with(requireNonNull(outputs.get(linear.out())))
        .with(requireNonNull(outputs.get(linear.in())))
        .with(requireNonNull(gradientOfWeight.get(linear)))
        .runForOne(scratch);
  }

  private NDArray random(long... dimensions) {
    try (NDArray values = manager.randomNormal(new Shape(dimensions))) {
      return kernel.method("as_like").with(values).with(like).runForOne(manager);
    }
  }
}
