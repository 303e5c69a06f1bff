package dev.polyphase.phases.bench;

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
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The decoder of a shape in DJL's blocks: ids {@code [batch, seq]} to logits. */
final class DjlDecoder extends AbstractBlock {
  private final DecoderShape shape;
  private final Parameter embedding;
  private final List<Layer> layers = new ArrayList<>();
  private final Parameter lastNorm;
  private final Linear head;

  DjlDecoder(DecoderShape shape) {
    this.shape = shape;
    this.embedding = weight("embedding", shape.vocabulary(), shape.hidden());
    for (int i = 0; i < shape.layers(); i++) {
      layers.add(new Layer(i));
    }
    this.lastNorm = weight("norm", shape.hidden());
    this.head = linear("head", shape.vocabulary());
    setInitializer(new NormalInitializer(0.02f), Parameter.Type.WEIGHT);
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
    head.initialize(manager, type, rows(shape.hidden()));
  }

  private Parameter weight(String name, long... dimensions) {
    return addParameter(
        Parameter.builder()
            .setName(name)
            .setType(Parameter.Type.WEIGHT)
            .optShape(new Shape(dimensions))
            .build());
  }

  private Linear linear(String name, int out) {
    return addChildBlock(name, Linear.builder().setUnits(out).optBias(false).build());
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
      int half = shape.hidden() / shape.heads() / 2;
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
      firstNorm = weight(number + "-first-norm", shape.hidden());
      secondNorm = weight(number + "-second-norm", shape.hidden());
      query = linear(number + "-query", shape.hidden());
      key = linear(number + "-key", shape.keyValueWidth());
      value = linear(number + "-value", shape.keyValueWidth());
      output = linear(number + "-output", shape.hidden());
      gate = linear(number + "-gate", shape.intermediate());
      up = linear(number + "-up", shape.intermediate());
      down = linear(number + "-down", shape.hidden());
    }

    private void initialize(NDManager manager, DataType type) {
      for (Linear linear : List.of(query, key, value, output, gate, up)) {
        linear.initialize(manager, type, rows(shape.hidden()));
      }
      down.initialize(manager, type, rows(shape.intermediate()));
    }

    private NDArray forward(ParameterStore store, NDArray x, Tables tables, boolean training) {
      NDArray normed = norm(x, store.getValue(firstNorm, x.getDevice(), training));
      NDArray q = rotated(split(apply(query, store, normed, training), shape.heads()), tables);
      NDArray k =
          rotated(split(apply(key, store, normed, training), shape.keyValueHeads()), tables);
      NDArray v = split(apply(value, store, normed, training), shape.keyValueHeads());
      int group = shape.heads() / shape.keyValueHeads();
      if (group > 1) {
        k = k.repeat(1, group);
        v = v.repeat(1, group);
      }
      float scale = (float) (1 / Math.sqrt((double) shape.hidden() / shape.heads()));
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

    private NDArray split(NDArray x, int heads) {
      return x.reshape(shape.batch(), shape.sequence(), heads, -1).transpose(0, 2, 1, 3);
    }

    private NDArray rotated(NDArray x, Tables tables) {
      NDList halves = x.split(2, 3);
      NDArray turned = halves.get(1).neg().concat(halves.get(0), 3);
      return x.mul(tables.cos).add(turned.mul(tables.sin));
    }
  }
}
