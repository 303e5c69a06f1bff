package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.batches.TokenBatch;
import java.util.Map;
import java.util.stream.Collectors;

/** Gradients by parameter name as plain arrays, which outlive their step. */
final class GradientValues {
  private GradientValues() {}

  static Map<String, float[]> of(Gradients gradients) {
    return gradients.byName().entrySet().stream()
        .collect(Collectors.toMap(Map.Entry::getKey, entry -> floats(entry.getValue())));
  }

  /** The values of a gradient, which may be of 16 bits. */
  static float[] floats(NDArray gradient) {
    try (NDArray wide = gradient.toType(DataType.FLOAT32, true)) {
      return wide.toFloatArray();
    }
  }

  /** Of the mean loss, whose slope is asked for once the log-probabilities are known. */
  static Map<String, float[]> ofMeanLoss(Transformer model, TokenBatch batch) {
    try (NDManager step = model.newScratch()) {
      Gradients gradients = new Gradients(step);
      HostLoss.differentiate(model, batch, GoldenBatches::meanLoss, gradients);
      return of(gradients);
    }
  }

  /** Of the mean loss, whose slope does not wait for the log-probabilities. */
  static Map<String, float[]> ofMeanLossKnownBeforehand(Transformer model, TokenBatch batch) {
    try (NDManager step = model.newScratch()) {
      Gradients gradients = new Gradients(step);
      NDArray logProbs =
          model.differentiate(batch, -1.0 / batch.lossTokens(), gradients, step).orElseThrow();
      assertThat(logProbs.size()).isEqualTo(batch.lossTokens());
      return of(gradients);
    }
  }

  /** Of the log-probabilities' sum of squares over some batches: it tells the tokens apart. */
  static Map<String, float[]> ofSumOfSquares(Transformer model, TokenBatch... batches) {
    try (NDManager step = model.newScratch()) {
      Gradients gradients = new Gradients(step);
      for (TokenBatch batch : batches) {
        HostLoss.differentiate(model, batch, GradientValues::slopeOfSquares, gradients);
      }
      return of(gradients);
    }
  }

  private static float[] slopeOfSquares(float[] logProbs) {
    float[] slope = new float[logProbs.length];
    for (int i = 0; i < slope.length; i++) {
      slope[i] = 2 * logProbs[i];
    }
    return slope;
  }

  /**
   * Asserts that both are of the same parameters, none of them 0 throughout.
   *
   * @param tolerance as a share of a parameter's largest value
   */
  static void assertClose(
      Map<String, float[]> found, Map<String, float[]> expected, double tolerance) {
    assertThat(found.keySet()).isEqualTo(expected.keySet()).isNotEmpty();
    expected.forEach(
        (name, wanted) -> {
          double largest = TensorValues.largest(wanted);
          assertThat(largest).as(name).isPositive();
          assertThat(TensorValues.largestDifference(found.get(name), wanted))
              .as(name)
              .isLessThan(tolerance * largest);
        });
  }
}
