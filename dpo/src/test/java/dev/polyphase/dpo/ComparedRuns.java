package dev.polyphase.dpo;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Two phases that should have done the same. */
final class ComparedRuns {
  private ComparedRuns() {}

  /**
   * Holds what one logged to what the other did; how far an epoch is got follows from the forward
   * passes, and is left out.
   *
   * @param tolerance of figures above 1 as much of each
   */
  static void assertClose(RecordingListener expected, RecordingListener found, double tolerance) {
    List<Map<String, Number>> wanted = expected.figures();
    assertThat(found.figures()).hasSameSizeAs(wanted);
    for (int row = 0; row < wanted.size(); row++) {
      Map<String, Number> figures = found.figures().get(row);
      assertThat(figures.keySet()).isEqualTo(wanted.get(row).keySet());
      for (Map.Entry<String, Number> figure : wanted.get(row).entrySet()) {
        double value = figure.getValue().doubleValue();
        if (!figure.getKey().equals("epoch")) {
          assertThat(figures.get(figure.getKey()).doubleValue())
              .as("row %d: %s", row + 1, figure.getKey())
              .isCloseTo(value, within(tolerance * Math.max(1, Math.abs(value))));
        }
      }
    }
  }

  /** How far two models' weights are apart at most. */
  static double largestDifference(Path one, Path other) throws IOException {
    Checkpoint second = Checkpoint.open(other);
    double largest = 0;
    for (TensorInfo tensor : Checkpoint.open(one).tensors()) {
      largest =
          Math.max(
              largest,
              TensorValues.largestDifference(
                  TensorValues.floats(tensor),
                  TensorValues.floats(second.find(tensor.name()).orElseThrow())));
    }
    return largest;
  }

  /** Whether two models' weights are the same to the bit. */
  static void assertSameWeights(Path one, Path other) throws IOException {
    assertSameBytes(other.resolve("model.safetensors"), one.resolve("model.safetensors"));
  }
}
