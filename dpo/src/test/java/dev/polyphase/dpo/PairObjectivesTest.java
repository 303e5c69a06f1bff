package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Orpo;
import dev.polyphase.pipelines.Reference;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which targets carry how much of a loss on pairs. */
class PairObjectivesTest {
  private static final List<Pair> PAIRS =
      List.of(
          new Pair(new int[] {1, 2, 3}, new int[] {4, 5}, new int[] {6, 7, 8, 9}),
          new Pair(new int[] {10, 11}, new int[] {12, 13, 14}, new int[] {12, 13, 14}));
  private static final int[] BOTH = {0, 1};

  @TempDir Path folder;
  private Transformer model;

  @BeforeEach
  void load() throws IOException {
    model = GoldenDpoTest.load(Fixture.LLAMA.copyTo(folder));
  }

  @AfterEach
  void close() {
    model.close();
  }

  /**
   * ORPO's likelihood is a mean over prompt and chosen completion; the odds, and what is rejected,
   * look at completions alone.
   */
  @Test
  void promptsAreLearnedByOrpo() throws IOException {
    try (Preference objective =
        Beginnings.objective(PAIRS, LossProgram.of(new Orpo(1e-9)), Layout.PADDED)) {
      objective.begin(Beginnings.of(model, List.of(), () -> {}));
      float[] gradient = AtLogProbs.of(model, objective, BOTH).gradient();

      // Two and one of the prompts' tokens have one before them; with the completions' 2 and 3
      // they are 8, and what is rejected has 4 and 3.
      assertThat(gradient).hasSize(8 + 7);
      for (int target = 0; target < gradient.length; target++) {
        assertThat((double) gradient[target])
            .as("target %d", target)
            .isCloseTo(target < 8 ? -2 / 8.0 : 0, within(1e-6));
      }
    }
  }

  /** LD-DPO: the longer completion's tokens behind the shorter one's length count as is said. */
  @Test
  void laterTokensCountLess() throws IOException {
    double alpha = 0.25;
    Dpo dpo =
        new Dpo(
            0.1,
            List.of(Dpo.LossType.SIGMOID),
            List.of(),
            0,
            0.05,
            Dpo.FDivergence.REVERSE_KL,
            0.5,
            OptionalDouble.of(alpha),
            false,
            new Reference.Precomputed(),
            Dpo.PrefixSharing.OFF);
    try (Preference objective = Beginnings.objective(PAIRS, LossProgram.of(dpo), Layout.PADDED)) {
      objective.begin(Beginnings.of(model, List.of(BOTH), () -> {}));
      AtLogProbs found = AtLogProbs.of(model, objective, BOTH);

      // Where the policy is the reference a slope is half of beta.
      double slope = 0.1 / 2;
      double[] expected = {
        -slope,
        -slope,
        -slope,
        -slope,
        -slope,
        slope,
        slope,
        alpha * slope,
        alpha * slope,
        slope,
        slope,
        slope
      };
      for (int target = 0; target < expected.length; target++) {
        assertThat((double) found.gradient()[target])
            .as("target %d", target)
            .isCloseTo(expected[target], within(1e-8));
      }
      float[] logProbs = AtLogProbs.logProbs(model, objective, BOTH);
      double ofFirst = logProbs[5] + logProbs[6] + alpha * (logProbs[7] + logProbs[8]);
      double ofSecond = logProbs[9] + logProbs[10] + logProbs[11];
      assertThat(found.outcome().figures().get("logps/rejected").sum())
          .isCloseTo(ofFirst + ofSecond, within(1e-5));
    }
  }

  /** Equal completions tie whatever the policy has become, and are no accurate preference. */
  @Test
  void equalCompletionsTie() throws IOException {
    try (Preference objective = Beginnings.sigmoid(PAIRS, 0.1, 0)) {
      objective.begin(Beginnings.of(model, List.of(BOTH), () -> {}));
      float[] moved = AtLogProbs.logProbs(model, objective, BOTH);
      for (int target = 0; target < 5; target++) {
        moved[target] += 1;
      }
      for (int target = 9; target < 12; target++) {
        moved[target] += 1;
      }
      Outcome outcome = AtLogProbs.of(model, objective, BOTH, moved).outcome();

      assertThat(outcome.figures())
          .containsEntry("rewards/ties", new Mean(1, 2))
          .containsEntry("rewards/accuracies", new Mean(1, 2));
      double margin = outcome.figures().get("rewards/margins").sum();
      assertThat(margin).isCloseTo(0.1 * 2, within(1e-6));
      assertThat(outcome.lossSum())
          .isCloseTo(Math.log(2) + Math.log1p(Math.exp(-margin)), within(1e-9));
    }
  }
}
