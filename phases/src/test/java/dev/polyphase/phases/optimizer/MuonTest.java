package dev.polyphase.phases.optimizer;

import static dev.polyphase.phases.optimizer.SameSteps.MATRIX;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.Optimizer;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Muon against its definition on the blocks' matrices, and AdamW on all else. */
class MuonTest {

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.05})
  void stepsAreThePapers(double maxGradNorm) {
    Optimizer settings = new Optimizer(Optimizer.Name.MUON, 0.9, 0.99, 1e-6, 0.3);
    // The polynomial's slope is 3.4 at 0, and so five times a small singular value's rounding is
    // multiplied by it.
    try (SameSteps steps =
            new SameSteps(1e-5)
                .withEveryKind()
                .with("model.embed_tokens.weight[2:6]", 4, 3)
                .with("model.layers.1.mlp.up_proj.lora_A.weight", 2, 5)
                .with("lm_head.lora_A.weight", 2, 3);
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, maxGradNorm)) {
      Formula formula = new Formula(0.3, new AdamWFormula(settings), new HashMap<>());
      for (int step = 0; step < 5; step++) {
        double rate = 0.01 * step;
        steps.step(optimizer, formula, maxGradNorm, name -> rate);
      }
    }
  }

  /** What its rates are meant for: AdamW's updates have a root mean square of 0.2 to 0.4. */
  @ParameterizedTest
  @CsvSource({"64, 64", "16, 200", "200, 16"})
  void updatesHaveTheSizeOfAdamWs(long rows, long columns) {
    Optimizer settings = new Optimizer(Optimizer.Name.MUON, 0.9, 0.99, 1e-6, 0);
    try (SameSteps steps = new SameSteps(0).with(MATRIX, rows, columns);
        OptimizerStep optimizer = new OptimizerStep(steps.manager, settings, 0)) {
      float[] before = steps.masters.get(MATRIX).toFloatArray();
      double[] gradient = steps.randomValues(before.length);
      steps.step(optimizer, steps.arrays(Map.of(MATRIX, gradient)), name -> 1.0);
      float[] after = steps.masters.get(MATRIX).toFloatArray();
      double squares = 0;
      for (int i = 0; i < after.length; i++) {
        squares += Math.pow(after[i] - before[i], 2);
      }
      // Singular values between 0.7 and 1.2.
      assertThat(Math.sqrt(squares / after.length)).isBetween(0.7 * 0.2, 1.2 * 0.2);
    }
  }

  private record Formula(double weightDecay, AdamWFormula others, Map<String, double[]> momenta)
      implements SameSteps.Formula {
    @Override
    public void update(String name, Shape shape, double[] values, double[] gradient, double rate) {
      if (shape.dimension() != 2 || !name.matches("model\\.layers\\.[0-9]+\\..*")) {
        others.update(name, shape, values, gradient, rate);
        return;
      }
      int rows = (int) shape.get(0);
      int columns = (int) shape.get(1);
      double[] momentum = momenta.computeIfAbsent(name, n -> new double[gradient.length]);
      double[][] ahead = new double[rows][columns];
      for (int i = 0; i < gradient.length; i++) {
        momentum[i] = 0.95 * momentum[i] + gradient[i];
        ahead[i / columns][i % columns] = gradient[i] + 0.95 * momentum[i];
      }
      double[][] direction = orthogonal(ahead);
      double size = 0.2 * Math.sqrt(Math.max(rows, columns));
      for (int i = 0; i < values.length; i++) {
        values[i] -= rate * (size * direction[i / columns][i % columns] + weightDecay * values[i]);
      }
    }

    /** X = aX + b(XX')X + c(XX')(XX')X, five times, of X over its Frobenius norm. */
    private static double[][] orthogonal(double[][] x) {
      double squares = 0;
      for (double[] row : x) {
        for (double value : row) {
          squares += value * value;
        }
      }
      double[][] y = combined(1 / (Math.sqrt(squares) + 1e-7), x, 0, x);
      for (int step = 0; step < 5; step++) {
        // Without the transposed form for tall matrices: (XX')X is X(X'X).
        double[][] cubed = times(times(y, transposed(y)), y);
        double[][] fifth = times(times(y, transposed(y)), cubed);
        y = combined(1, combined(3.4445, y, -4.7750, cubed), 2.0315, fifth);
      }
      return y;
    }

    private static double[][] combined(double a, double[][] x, double b, double[][] y) {
      double[][] sum = new double[x.length][x[0].length];
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < x[0].length; j++) {
          sum[i][j] = a * x[i][j] + b * y[i][j];
        }
      }
      return sum;
    }

    private static double[][] times(double[][] x, double[][] y) {
      double[][] product = new double[x.length][y[0].length];
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < y[0].length; j++) {
          for (int k = 0; k < y.length; k++) {
            product[i][j] += x[i][k] * y[k][j];
          }
        }
      }
      return product;
    }

    private static double[][] transposed(double[][] x) {
      double[][] turned = new double[x[0].length][x.length];
      for (int i = 0; i < x.length; i++) {
        for (int j = 0; j < x[0].length; j++) {
          turned[j][i] = x[i][j];
        }
      }
      return turned;
    }
  }
}
