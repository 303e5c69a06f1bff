package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreferenceTest {
  private static final List<Pair> PAIRS =
      List.of(
          pair(new int[] {1, 2, 3}, new int[] {4, 5}, new int[] {6, 7, 8, 9}),
          pair(new int[] {10}, new int[] {11, 12, 13}, new int[] {14}),
          pair(new int[] {}, new int[] {20, 21, 22}, new int[] {23, 24}),
          pair(new int[] {30, 31}, new int[] {32}, new int[] {33}));

  private static final List<int[]> BATCHES = List.of(new int[] {2, 0}, new int[] {3, 1});

  @TempDir Path folder;
  private Transformer model;

  @BeforeEach
  void load() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    model =
        Transformer.load(
            Checkpoint.open(base),
            ConfigReader.read(Checkpoint.open(base)),
            "cpu",
            Precision.FLOAT32);
  }

  @AfterEach
  void close() throws IOException {
    model.close();
  }

  @Test
  void policyThatIsTheReferencePrefersNothing() throws IOException {
    Preference objective = begun(0.1, 0.2);
    int[] rows = {0, 1, 2, 3};
    float[] logProbs = AtLogProbs.logProbs(model, objective, rows);

    Outcome outcome = AtLogProbs.of(model, objective, rows).outcome();

    // Not to the last bit: the reference was computed in batches of another shape.
    assertThat(outcome.lossSum() / 4).isCloseTo(Math.log(2), within(1e-6));
    assertThat(outcome.figures().get("rewards/margins").sum()).isCloseTo(0, within(1e-5));
    double chosen = outcome.figures().get("logps/chosen").sum();
    double rejected = outcome.figures().get("logps/rejected").sum();
    double sum = 0;
    for (float logProb : logProbs) {
      sum += logProb;
    }
    assertThat(chosen).isNegative();
    assertThat(rejected).isNegative();
    assertThat(chosen + rejected).isCloseTo(sum, within(1e-9));
  }

  @Test
  void tiedRewardsAreNotAccurate() throws IOException {
    // The reference pass' own batches give its very figures.
    Preference objective = begun(0.1, 0);
    for (int[] rows : BATCHES) {
      Outcome outcome = AtLogProbs.of(model, objective, rows).outcome();
      assertThat(outcome.lossSum()).isEqualTo(2 * Math.log(2));
      assertThat(outcome.figures())
          .containsEntry("rewards/accuracies", new Mean(0, 2))
          .containsEntry("rewards/ties", new Mean(2, 2))
          .containsEntry("rewards/margins", new Mean(0, 2))
          .containsEntry("rewards/chosen", new Mean(0, 2))
          .containsEntry("rewards/rejected", new Mean(0, 2));
    }
  }

  /** The figures again by hand, row by row, where no padding is and no batch. */
  @Test
  void lossAndFiguresArePlainSums() throws IOException {
    double beta = 0.3;
    Preference objective = begun(beta, 0);
    int[] rows = {1, 2};
    float[] logProbs = moved(AtLogProbs.logProbs(model, objective, rows));
    // The chosen completions have 3 tokens and, without a prompt, 2; the rejected 1 and 1.
    double[] chosen = {sum(logProbs, 0, 3), sum(logProbs, 3, 5)};
    double[] rejected = {logProbs[5], logProbs[6]};
    assertThat(logProbs).hasSize(7);

    Outcome outcome = AtLogProbs.of(model, objective, rows, logProbs).outcome();

    double loss = 0;
    double margins = 0;
    double accurate = 0;
    for (int pair = 0; pair < 2; pair++) {
      LogProbs reference =
          Beginnings.logProbs(model, PAIRS, List.of(new int[] {1 + pair}))[1 + pair];
      double margin =
          beta * ((chosen[pair] - reference.first()) - (rejected[pair] - reference.second()));
      loss += Math.log(1 + Math.exp(-margin));
      margins += margin;
      accurate += margin > 0 ? 1 : 0;
    }
    assertThat(outcome.lossSum()).isCloseTo(loss, within(1e-5));
    assertThat(outcome.figures().get("rewards/margins").sum()).isCloseTo(margins, within(1e-5));
    assertThat(outcome.figures()).containsEntry("rewards/accuracies", new Mean(accurate, 2));
    assertThat(outcome.figures().get("logps/chosen").sum()).isEqualTo(chosen[0] + chosen[1]);
    assertThat(outcome.figures().keySet())
        .containsExactly(
            "rewards/chosen",
            "rewards/rejected",
            "rewards/margins",
            "rewards/accuracies",
            "rewards/ties",
            "logps/chosen",
            "logps/rejected",
            "logits/chosen",
            "logits/rejected");
  }

  @Test
  void referencePassAsksBetweenItsBatches() throws IOException {
    List<Integer> asked = new ArrayList<>();

    Beginnings.sigmoid(PAIRS, 0.1, 0).begin(Beginnings.of(model, BATCHES, () -> asked.add(1)));
    assertThat(asked).hasSize(2);

    IllegalStateException enough = new IllegalStateException("enough");
    Preference stopped = Beginnings.sigmoid(PAIRS, 0.1, 0);
    assertThatThrownBy(
            () ->
                stopped.begin(
                    Beginnings.of(
                        model,
                        BATCHES,
                        () -> {
                          throw enough;
                        })))
        .isSameAs(enough);
  }

  /** An objective whose reference is this model. */
  private Preference begun(double beta, double labelSmoothing) throws IOException {
    Preference objective = Beginnings.sigmoid(PAIRS, beta, labelSmoothing);
    objective.begin(Beginnings.of(model, BATCHES, () -> {}));
    return objective;
  }

  /** As after some training: each log-probability moved by up to 3. */
  private static float[] moved(float[] logProbs) {
    Random random = new Random(11);
    float[] moved = logProbs.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += 6 * random.nextFloat() - 3;
    }
    return moved;
  }

  private static double sum(float[] values, int from, int to) {
    double sum = 0;
    for (float value : Arrays.copyOfRange(values, from, to)) {
      sum += value;
    }
    return sum;
  }

  private static Pair pair(int[] prompt, int[] chosen, int[] rejected) {
    return new Pair(prompt, chosen, rejected);
  }
}
