package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.TrainedTensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/** Takes steps with an optimiser and with a paper's formulas in plain Java, side by side. */
final class SameSteps implements AutoCloseable {
  static final String MATRIX = "model.layers.0.mlp.up_proj.weight";
  static final String WIDE = "model.layers.0.self_attn.k_proj.weight";
  static final String SQUARE = "model.layers.1.self_attn.q_proj.weight";
  static final String EMBEDDING = "model.embed_tokens.weight";
  static final String HEAD = "lm_head.weight";
  static final String NORM = "model.layers.0.input_layernorm.weight";
  static final String BIAS = "model.layers.0.self_attn.q_proj.bias";

  /** A paper's update of one parameter, given its clipped gradient. */
  interface Formula {
    /** Updates values in row-major order in place. */
    void update(String name, Shape shape, double[] values, double[] gradient, double rate);
  }

  final NDManager manager = Libtorch.newManager("cpu");
  final Map<String, NDArray> masters = new LinkedHashMap<>();
  final Map<String, double[]> expected = new LinkedHashMap<>();
  private final Map<String, TrainedPart> parts = new HashMap<>();
  private final Random random = new Random(5);
  private final double tolerance;
  private long stepsTaken;

  /**
   * Without parameters.
   *
   * @param tolerance of each value
   */
  SameSteps(double tolerance) {
    this.tolerance = tolerance;
  }

  SameSteps with(String name, long... shape) {
    Shape dimensions = new Shape(shape);
    double[] values = randomValues((int) dimensions.size());
    expected.put(name, values);
    masters.put(name, manager.create(floats(values), dimensions));
    return this;
  }

  /** A tall, a wide and a square matrix, both ends, a norm and a bias. */
  SameSteps withEveryKind() {
    return with(EMBEDDING, 7, 3)
        .with(MATRIX, 5, 3)
        .with(WIDE, 2, 4)
        .with(SQUARE, 4, 4)
        .with(NORM, 4)
        .with(BIAS, 2)
        .with(HEAD, 7, 3);
  }

  /** One step on random gradients of some parameters, or of all where none is named. */
  void step(
      OptimizerStep optimizer,
      Formula formula,
      double maxGradNorm,
      ToDoubleFunction<String> rate,
      String... names) {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    for (String name : names.length == 0 ? masters.keySet().toArray(new String[0]) : names) {
      gradients.put(name, randomValues(expected.get(name).length));
    }
    step(optimizer, formula, maxGradNorm, rate, gradients);
  }

  /** One step on these gradients; compares the norm and every value. */
  void step(
      OptimizerStep optimizer,
      Formula formula,
      double maxGradNorm,
      ToDoubleFunction<String> rate,
      Map<String, double[]> gradients) {
    float norm = step(optimizer, arrays(gradients), rate);

    double squares = 0;
    for (double[] gradient : gradients.values()) {
      for (double value : gradient) {
        squares += value * value;
      }
    }
    double wanted = Math.sqrt(squares);
    assertThat((double) norm).isCloseTo(wanted, within(1e-6 * wanted));
    double scale = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (wanted + 1e-6)) : 1;
    gradients.forEach(
        (name, gradient) -> {
          double[] clipped = gradient.clone();
          for (int i = 0; i < clipped.length; i++) {
            clipped[i] *= scale;
          }
          Shape shape = masters.get(name).getShape();
          formula.update(name, shape, expected.get(name), clipped, rate.applyAsDouble(name));
        });
    assertMasters();
  }

  /** One step on these gradients; the norm before clipping. */
  float step(
      OptimizerStep optimizer, Map<String, NDArray> gradients, ToDoubleFunction<String> rate) {
    double[] rates = masters.keySet().stream().mapToDouble(rate).distinct().toArray();
    boolean even = rates.length == 1;
    List<TrainedPart> updated = new ArrayList<>();
    gradients.forEach(
        (name, gradient) -> {
          TrainedPart part = part(name, even ? 1 : rate.applyAsDouble(name));
          part.moveGradient(gradient);
          updated.add(part);
        });
    stepsTaken++;
    GradientNorm norm = optimizer.norm(updated, manager);
    optimizer.update(stepsTaken, updated, norm, even ? rates[0] : 1);
    return norm.value();
  }

  /** A parameter as an optimiser sees it, without a factor of its own. */
  TrainedPart part(String name) {
    return part(name, 1);
  }

  private TrainedPart part(String name, double rateFactor) {
    return parts.computeIfAbsent(
        name,
        n -> {
          NDArray master = masters.get(n);
          return new TrainedTensor(n, 0, rateFactor, new Master.Whole(master), master)
              .parts()
              .get(0);
        });
  }

  void assertMasters() {
    expected.forEach(
        (name, values) -> {
          float[] found = masters.get(name).toFloatArray();
          for (int i = 0; i < values.length; i++) {
            assertThat((double) found[i])
                .as("%s[%d]", name, i)
                .isCloseTo(values[i], within(tolerance));
          }
        });
  }

  Map<String, NDArray> arrays(Map<String, double[]> gradients) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    gradients.forEach(
        (name, values) ->
            arrays.put(name, manager.create(floats(values), masters.get(name).getShape())));
    return arrays;
  }

  /** Between -1 and 1; float32 holds them exactly. */
  double[] randomValues(int count) {
    return random.doubles(count).map(value -> (float) (2 * value - 1)).toArray();
  }

  static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  @Override
  public void close() {
    manager.close();
  }
}
