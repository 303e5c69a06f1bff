package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.weights.RowRanges;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Steps on some rows against the paper's algorithm on those rows alone, in plain Java. */
class TrainedRowsTest {
  private static final int ROWS = 6;
  private static final int COLUMNS = 3;
  private static final double RATE = 0.01;
  private static final double MAX_NORM = 0.5;
  private static final Optimizer SETTINGS =
      new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.99, 1e-6, 0.3);
  private static final RowRanges TRAINED =
      new RowRanges(List.of(new RowRanges.Range(4, 6), new RowRanges.Range(1, 2)));

  @Test
  void onlyTheRowsMoveAndTheyMoveAsIfTheyWereAll() {
    Random random = new Random(3);
    float[] table = new float[ROWS * COLUMNS];
    for (int i = 0; i < table.length; i++) {
      table[i] = (float) random.nextGaussian();
    }
    double[] expected = new double[table.length];
    double[] m = new double[table.length];
    double[] v = new double[table.length];
    for (int i = 0; i < table.length; i++) {
      expected[i] = table[i];
    }
    try (NDManager manager = Libtorch.newManager("cpu");
        OptimizerStep optimizer = new OptimizerStep(manager, SETTINGS, MAX_NORM);
        RowViews views = new RowViews(manager);
        Masters masters = new Masters(manager)) {
      NDArray master = manager.create(table, new Shape(ROWS, COLUMNS));
      TrainedTensor tensor =
          new TrainedTensor("table", 0, 1, new Master.Whole(master), master).onRows(TRAINED, views);
      for (int step = 1; step <= 4; step++) {
        float[] gradient = new float[table.length];
        double squares = 0;
        for (int i = 0; i < gradient.length; i++) {
          gradient[i] = (float) random.nextGaussian();
          squares += trained(i) ? (double) gradient[i] * gradient[i] : 0;
        }
        double norm = Math.sqrt(squares);
        NDArray array = manager.create(gradient, new Shape(ROWS, COLUMNS));

        Gradients gradients = new Gradients(manager);
        tensor.addGradient(gradients, array, masters);
        GradientNorm found = optimizer.norm(gradients.parts(), manager);
        optimizer.update(step, gradients.parts(), found, RATE);

        assertThat((double) found.value()).isCloseTo(norm, within(1e-5));
        double scale = Math.min(1, MAX_NORM / (norm + 1e-6));
        for (int i = 0; i < gradient.length; i++) {
          if (trained(i)) {
            double g = gradient[i] * scale;
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.99 * v[i] + 0.01 * g * g;
            double mean = m[i] / (1 - Math.pow(0.9, step));
            double spread = Math.sqrt(v[i] / (1 - Math.pow(0.99, step)));
            expected[i] -= RATE * 0.3 * expected[i] + RATE * mean / (spread + 1e-6);
          }
        }
      }
      float[] after = master.toFloatArray();
      for (int i = 0; i < after.length; i++) {
        if (trained(i)) {
          assertThat((double) after[i]).as("element %d", i).isCloseTo(expected[i], within(1e-5));
          assertThat(after[i]).isNotEqualTo(table[i]);
        } else {
          assertThat(Float.floatToRawIntBits(after[i]))
              .as("element %d", i)
              .isEqualTo(Float.floatToRawIntBits(table[i]));
        }
      }
    }
  }

  private static boolean trained(int element) {
    int row = element / COLUMNS;
    return row == 1 || row >= 4;
  }
}
