package dev.polyphase.phases.bench;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import dev.polyphase.phases.model.Attention;
import dev.polyphase.phases.model.ModelLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The decoder of a shape in DJL's blocks: ids {@code [batch, seq]} to logits. */
final class DjlDecoder extends AbstractBlock {
  /** The families whose blocks these are, but for how positions are scaled. */
  private static final List<String> FAMILIES = List.of("LlamaForCausalLM", "Qwen2ForCausalLM");

  private final DecoderShape shape;
  private final Attention.Heads heads;
  private final int hidden;
  private final long queryWidth;
  private final long keyValueWidth;
  private final long intermediate;
  private final boolean bias;
  private final Parameter embedding;
  private final List<Layer> layers = new ArrayList<>();
  private final Parameter lastNorm;
  private final Linear head;

  DjlDecoder(DecoderShape shape) {
    this.shape = shape;
    this.heads = shape.model().blocks().get(0).attention().heads();
    this.hidden = shape.model().hiddenSize();
    this.queryWidth = (long) heads.queries() * heads.dim();
    this.keyValueWidth = (long) heads.keyValues() * heads.dim();
    Map<String, dev.polyphase.phases.model.Parameter> ofBlock =
        new ModelLayout(shape.model()).block(0);
    this.bias = ofBlock.containsKey("q_proj.bias");
    this.intermediate = requireNonNull(ofBlock.get("up_proj.weight")).shape().get(0);
    this.embedding = weight("embedding", shape.vocabulary(), hidden);
    for (int i = 0; i < shape.layers(); i++) {
      layers.add(new Layer(i));
    }
    this.lastNorm = weight("norm", hidden);
    this.head = linear("head", shape.vocabulary(), false);
    setInitializer(new NormalInitializer(0.02f), Parameter.Type.WEIGHT);
  }

  /** Why there is none of a shape; empty where there is one. */
  static Optional<String> whyNot(DecoderShape shape) {
    String architecture = shape.architecture();
    return FAMILIES.contains(architecture)
        ? Optional.empty()
        : Optional.of(
            "DJL's own blocks are put together here as %s, not as %s"
                .formatted(String.join(" and ", FAMILIES), architecture));
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore store, NDList inputs, boolean training, @Nullable PairList<String, Object> p) {
    NDArray ids = inputs.singletonOrThrow();
    NDArray table = store.getValue(embedding, ids.getDevice(), training);
    NDArray x = Embedding.embedding(ids, table, SparseFormat.DENSE).singletonOrThrow();
    Tables tables = new Tables(ids.getManager());
    for (Layer layer : layers) {
      x = layer.forward(store, x, tables, training);
    }
    x = norm(x, store.getValue(lastNorm, x.getDevice(), training));
    return head.forward(store, new NDList(x), training);
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {inputs[0].addAll(new Shape(shape.vocabulary()))};
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType type, Shape... inputs) {
    for (Layer layer : layers) {
      layer.initialize(manager, type);
    }
    head.initialize(manager, type, rows(hidden));
  }

  private Parameter weight(String name, long... dimensions) {
    return addParameter(
        Parameter.builder()
            .setName(name)
            .setType(Parameter.Type.WEIGHT)
            .optShape(new Shape(dimensions))
            .build());
  }

  private Linear linear(String name, long out, boolean bias) {
    return addChildBlock(name, Linear.builder().setUnits(out).optBias(bias).build());
  }

  private Shape rows(long width) {
    return new Shape(shape.batch(), shape.sequence(), width);
  }

  private static NDArray norm(NDArray x, NDArray weight) {
    NDArray scale = x.square().mean(new int[] {-1}, true).add(1e-6f).sqrt();
    return x.div(scale).mul(weight);
  }

  /** Rotary positions {@code [seq, head_dim]} and the mask of what lies ahead. */
  private final class Tables {
    private final NDArray cos;
    private final NDArray sin;
    private final NDArray mask;

    private Tables(NDManager manager) {
      int seq = shape.sequence();
      int half = heads.dim() / 2;
      float slowing = (float) (-Math.log(10000.0) / half);
      NDArray frequency = manager.arange(0f, half).mul(slowing).exp();
      NDArray angle = manager.arange(0f, seq).reshape(seq, 1);
      angle = angle.mul(frequency.reshape(1, half));
      angle = angle.concat(angle, 1);
      cos = angle.cos();
      sin = angle.sin();
      NDArray row = manager.arange(seq).reshape(seq, 1);
      NDArray column = manager.arange(seq).reshape(1, seq);
      mask = column.gt(row).toType(DataType.FLOAT32, false).mul(-1e9f);
    }
  }

  private final class Layer {
    private final Parameter firstNorm;
    private final Parameter secondNorm;
    private final Linear query;
    private final Linear key;
    private final Linear value;
    private final Linear output;
    private final Linear gate;
    private final Linear up;
    private final Linear down;

    private Layer(int number) {
      firstNorm = weight(number + "-first-norm", hidden);
      secondNorm = weight(number + "-second-norm", hidden);
      query = linear(number + "-query", queryWidth, bias);
      key = linear(number + "-key", keyValueWidth, bias);
      value = linear(number + "-value", keyValueWidth, bias);
      output = linear(number + "-output", hidden, false);
      gate = linear(number + "-gate", intermediate, false);
      up = linear(number + "-up", intermediate, false);
      down = linear(number + "-down", hidden, false);
    }

    private void initialize(NDManager manager, DataType type) {
      for (Linear linear : List.of(query, key, value, gate, up)) {
        linear.initialize(manager, type, rows(hidden));
      }
      output.initialize(manager, type, rows(queryWidth));
      down.initialize(manager, type, rows(intermediate));
    }

    private NDArray forward(ParameterStore store, NDArray x, Tables tables, boolean training) {
      NDArray normed = norm(x, store.getValue(firstNorm, x.getDevice(), training));
      NDArray q = rotated(split(apply(query, store, normed, training), heads.queries()), tables);
      NDArray k = rotated(split(apply(key, store, normed, training), heads.keyValues()), tables);
      NDArray v = split(apply(value, store, normed, training), heads.keyValues());
      int group = heads.queries() / heads.keyValues();
      if (group > 1) {
        k = k.repeat(1, group);
        v = v.repeat(1, group);
      }
      float scale = (float) (1 / Math.sqrt((double) heads.dim()));
      NDArray scores = q.matMul(k.transpose(0, 1, 3, 2)).mul(scale).add(tables.mask);
      NDArray merged = scores.softmax(-1).matMul(v).transpose(0, 2, 1, 3).reshape(rows(-1));
      NDArray attended = x.add(apply(output, store, merged, training));

      normed = norm(attended, store.getValue(secondNorm, x.getDevice(), training));
      NDArray gated = Activation.swish(apply(gate, store, normed, training), 1);
      NDArray inner = gated.mul(apply(up, store, normed, training));
      return attended.add(apply(down, store, inner, training));
    }

    private NDArray apply(Linear linear, ParameterStore store, NDArray x, boolean training) {
      return linear.forward(store, new NDList(x), training).singletonOrThrow();
    }

    private NDArray split(NDArray x, int parts) {
      return x.reshape(shape.batch(), shape.sequence(), parts, -1).transpose(0, 2, 1, 3);
    }

    private NDArray rotated(NDArray x, Tables tables) {
      NDList halves = x.split(2, 3);
      NDArray turned = halves.get(1).neg().concat(halves.get(0), 3);
      return x.mul(tables.cos).add(turned.mul(tables.sin));
    }
  }
}
