package dev.polyphase.phases.bench;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.DecoderBlock;
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
  private final Map<Rows, NDArray> activations = new HashMap<>();
  private final Map<Rows, NDArray> outputs = new HashMap<>();
  private final Map<Attention.Heads, AttentionArrays> attention = new HashMap<>();

  /** The shape of some tokens' activations. */
  private record Rows(int tokens, int width) {}

  /** What is multiplied in the place of queries, keys and values, and where results go. */
  private record AttentionArrays(NDArray heads, NDArray scores, NDArray headsOut) {}

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
        Rows rows = new Rows(linear.tokens(), width);
        activations.computeIfAbsent(rows, r -> random(r.tokens(), r.width()));
        outputs.computeIfAbsent(rows, r -> random(r.tokens(), r.width()));
      }
    }
    for (DecoderBlock block : shape.model().blocks()) {
      attention.computeIfAbsent(block.attention().heads(), this::arrays);
    }
  }

  private AttentionArrays arrays(Attention.Heads heads) {
    long matrices = (long) shape.batch() * heads.queries();
    int tokens = shape.sequence();
    return new AttentionArrays(
        random(matrices, tokens, heads.dim()),
        random(matrices, tokens, tokens),
        random(matrices, tokens, heads.dim()));
  }

  @Override
  public void run() {
    try (NDManager scratch = manager.newSubManager()) {
      List<DecoderShape.Linear> linears = shape.linears();
      NDArray last = weights.get(0);
      for (int i = 0; i < linears.size(); i++) {
        last = products(linears.get(i), weights.get(i), scratch);
      }
      for (DecoderBlock block : shape.model().blocks()) {
        AttentionArrays arrays = requireNonNull(attention.get(block.attention().heads()));
        kernel
            .method("attention")
            .with(arrays.heads())
            .with(arrays.scores())
            .with(arrays.headsOut())
            .run(scratch);
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
    Rows in = new Rows(linear.tokens(), linear.in());
    Rows out = new Rows(linear.tokens(), linear.out());
    return kernel
        .method("linear")
        .with(requireNonNull(activations.get(in)))
        .with(requireNonNull(activations.get(out)))
        .with(weight)
        .with(requireNonNull(outputs.get(out)))
        .with(requireNonNull(outputs.get(in)))
        .with(requireNonNull(gradientOfWeight.get(linear)))
        .runForOne(scratch);
  }

  private NDArray random(long... dimensions) {
    try (NDArray values = manager.randomNormal(new Shape(dimensions))) {
      return kernel.method("as_like").with(values).with(like).runForOne(manager);
    }
  }
}
