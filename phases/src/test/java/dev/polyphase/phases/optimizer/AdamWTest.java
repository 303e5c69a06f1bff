package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.pipelines.Optimizer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The optimiser against the paper's algorithm in plain Java, in double precision. */
class AdamWTest {
  private static final String MATRIX = "mlp.up_proj.weight";
  private static final String NORM = "input_layernorm.weight";
  private static final String BIAS = "self_attn.q_proj.bias";

  private NDManager manager;
  private final Map<String, NDArray> masters = new LinkedHashMap<>();
  private final Map<String, double[]> expected = new LinkedHashMap<>();
  private final Random random = new Random(5);

  @BeforeEach
  void makeMasters() {
    manager = Libtorch.newManager("cpu");
    add(MATRIX, new Shape(3, 4));
    add(NORM, new Shape(4));
    add(BIAS, new Shape(2));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05, 1, 1000})
  void stepsAreThePapers(double maxGradNorm) {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.99, 1e-6, 0.3);
    PlainAdamW plain = new PlainAdamW(settings);
    try (AdamW optimizer = new AdamW(manager, settings, maxGradNorm)) {
      for (int step = 0; step < 6; step++) {
        // The rate changes, as under a schedule, and is 0 at first, as in a warm-up.
        assertStep(optimizer, plain, gradients(MATRIX, NORM, BIAS), 0.01 * step, maxGradNorm);
      }
    }
  }

  /** Each parameter counts its own steps, as in torch, where others have no gradient. */
  @Test
  void parametersWithoutAGradientWait() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.8, 0.95, 1e-8, 0.1);
    PlainAdamW plain = new PlainAdamW(settings);
    List<String[]> turns =
        List.of(
            new String[] {NORM},
            new String[] {MATRIX, NORM},
            new String[] {MATRIX},
            new String[] {},
            new String[] {BIAS, MATRIX, NORM});
    try (AdamW optimizer = new AdamW(manager, settings, 1)) {
      for (String[] names : turns) {
        assertStep(optimizer, plain, gradients(names), 0.02, 1);
      }
    }
  }

  /** A first step without decay moves every value by the rate, whatever the gradient's size. */
  @Test
  void firstStepIsTheRate() {
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 0, 0);
    float[] before = masters.get(MATRIX).toFloatArray();
    float[] gradient = new float[12];
    for (int i = 0; i < 12; i++) {
      gradient[i] = i % 2 == 0 ? 1e-6f * (i + 1) : -10;
    }
    try (AdamW optimizer = new AdamW(manager, settings, 0)) {
      optimizer.step(masters, Map.of(MATRIX, manager.create(gradient, new Shape(3, 4))), 0.001);
    }
    float[] after = masters.get(MATRIX).toFloatArray();
    for (int i = 0; i < 12; i++) {
      float sign = i % 2 == 0 ? -1 : 1;
      assertThat(after[i] - before[i]).isCloseTo(sign * 0.001f, within(1e-6f));
    }
  }

  /** The update of such a step would make every weight a NaN. */
  @ParameterizedTest
  @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, 3e38f})
  void nothingMovesWhereTheNormIsNotFinite(float value) {
    Map<String, NDArray> gradients = new LinkedHashMap<>();
    gradients.put(MATRIX, manager.zeros(new Shape(3, 4)));
    gradients.put(NORM, manager.create(new float[] {1, value, value, 2}));
    Optimizer settings = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, 0.1);
    PlainAdamW plain = new PlainAdamW(settings);
    try (AdamW optimizer = new AdamW(manager, settings, 1)) {
      assertThat(Float.isFinite(optimizer.step(masters, gradients, 0.1))).isFalse();
      assertMasters();
      // Nor does such a step count.
      assertStep(optimizer, plain, gradients(MATRIX, NORM, BIAS), 0.02, 1);
    }
  }

  private void assertStep(
      AdamW optimizer,
      PlainAdamW plain,
      Map<String, double[]> gradients,
      double rate,
      double maxGradNorm) {
    Map<String, NDArray> arrays = new LinkedHashMap<>();
    gradients.forEach(
        (name, values) ->
            arrays.put(name, manager.create(floats(values), masters.get(name).getShape())));

    float norm = optimizer.step(masters, arrays, rate);

    double wanted = plain.step(expected, gradients, rate, maxGradNorm);
    assertThat((double) norm).isCloseTo(wanted, within(1e-6 * wanted));
    assertMasters();
  }

  private void assertMasters() {
    expected.forEach(
        (name, values) -> {
          float[] found = masters.get(name).toFloatArray();
          for (int i = 0; i < values.length; i++) {
            assertThat((double) found[i]).as("%s[%d]", name, i).isCloseTo(values[i], within(2e-6));
          }
        });
  }

  private void add(String name, Shape shape) {
    double[] values = gaussian((int) shape.size());
    expected.put(name, values);
    masters.put(name, manager.create(floats(values), shape));
  }

  private Map<String, double[]> gradients(String... names) {
    Map<String, double[]> gradients = new LinkedHashMap<>();
    for (String name : names) {
      gradients.put(name, gaussian(expected.get(name).length));
    }
    return gradients;
  }

  /** Values that float32 holds exactly. */
  private double[] gaussian(int count) {
    return random.doubles(count).map(value -> (float) (2 * value - 1)).toArray();
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }

  /** Algorithm 2 of Loshchilov and Hutter 2019, after clipping by the norm of all gradients. */
  private static final class PlainAdamW {
    private final Optimizer settings;
    private final Map<String, double[]> m = new LinkedHashMap<>();
    private final Map<String, double[]> v = new LinkedHashMap<>();
    private final Map<String, Integer> steps = new LinkedHashMap<>();

    private PlainAdamW(Optimizer settings) {
      this.settings = settings;
    }

    private double step(
        Map<String, double[]> parameters,
        Map<String, double[]> gradients,
        double rate,
        double maxGradNorm) {
      double squares = 0;
      for (double[] gradient : gradients.values()) {
        for (double g : gradient) {
          squares += g * g;
        }
      }
      double norm = Math.sqrt(squares);
      double scale = maxGradNorm > 0 ? Math.min(1, maxGradNorm / (norm + 1e-6)) : 1;
      gradients.forEach(
          (name, gradient) -> update(name, parameters.get(name), gradient, scale, rate));
      return norm;
    }

    private void update(
        String name, double[] parameter, double[] gradient, double scale, double rate) {
      double[] first = m.computeIfAbsent(name, n -> new double[gradient.length]);
      double[] second = v.computeIfAbsent(name, n -> new double[gradient.length]);
      int t = steps.merge(name, 1, Integer::sum);
      double decay = name.equals(MATRIX) ? settings.weightDecay() : 0;
      for (int i = 0; i < gradient.length; i++) {
        double g = gradient[i] * scale;
        first[i] = settings.beta1() * first[i] + (1 - settings.beta1()) * g;
        second[i] = settings.beta2() * second[i] + (1 - settings.beta2()) * g * g;
        double firstHat = first[i] / (1 - Math.pow(settings.beta1(), t));
        double secondHat = second[i] / (1 - Math.pow(settings.beta2(), t));
        parameter[i] -= rate * decay * parameter[i];
        parameter[i] -= rate * firstHat / (Math.sqrt(secondHat) + settings.epsilon());
      }
    }
  }
}
