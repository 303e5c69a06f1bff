package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Evaluation;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Losses made by hand, and the evaluation at which Hugging Face's callback says stop, by its rule:
 * {@code best is None or (loss < best and best - loss > threshold)} sets the count to 0, anything
 * else adds 1; {@code best} is the lowest loss before.
 */
class EarlyStoppingTest {

  @ParameterizedTest
  @CsvSource({
    // The first is never without improvement.
    "1, 0, 5, 0",
    "1, 0, 5 6, 2",
    "1, 0, 5 4 3 3, 4",
    "2, 0, 5 4 4.5 4.2 3, 4",
    // An improvement begins the count anew.
    "2, 0, 5 6 4 6 3 6 6, 7",
    "3, 0, 5 6 4 6 5 3.9 4, 0",
    // A tenth is not more than a tenth's worth, so 4.95 is none, and 4.7 is measured against it.
    "2, 0.125, 5 4.95 4.9 4, 3",
    "2, 0.125, 5 4.95 4.7 4.65 4.5, 0",
    // The mark moves with what does not count: each is 0.1 better than the one before.
    "3, 0.125, 5 4.9 4.8 4.7 4, 4",
    // Exactly the threshold does not count.
    "1, 0.5, 5 4.5, 2",
    "1, 0.5, 5 4.25, 0"
  })
  void endsWhereHuggingFaceDoes(int patience, double threshold, String losses, int endsAt) {
    EarlyStopping stopping = new EarlyStopping(new Evaluation.EarlyStopping(patience, threshold));
    double[] sequence = Arrays.stream(losses.split(" ")).mapToDouble(Double::valueOf).toArray();

    int ended = 0;
    for (int i = 0; i < sequence.length && ended == 0; i++) {
      ended = stopping.endsWith(sequence[i]) ? i + 1 : 0;
    }

    assertThat(ended).isEqualTo(endsAt);
  }
}
