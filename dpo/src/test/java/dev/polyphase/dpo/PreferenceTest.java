package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.model.ConfigReader;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.prepared.Pairs;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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
    MicroBatch batch = objective.microBatch(new int[] {0, 1, 2, 3});
    float[] logProbs = model.logProbs(batch.tokens());

    Outcome outcome = batch.evaluate(logProbs);

    assertThat(batch.weight()).isEqualTo(4);
    // Not to the last bit: the reference was computed in batches of another shape.
    assertThat(outcome.lossSum() / 4).isCloseTo(Math.log(2), within(1e-6));
    assertThat(outcome.figures().get("rewards/margins")).isCloseTo(0, within(1e-5));
    double chosen = outcome.figures().get("logps/chosen");
    double rejected = outcome.figures().get("logps/rejected");
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
      MicroBatch batch = objective.microBatch(rows);
      Outcome outcome = batch.evaluate(model.logProbs(batch.tokens()));
      assertThat(outcome.lossSum()).isEqualTo(2 * Math.log(2));
      assertThat(outcome.figures())
          .containsEntry("rewards/accuracies", 0.0)
          .containsEntry("rewards/margins", 0.0)
          .containsEntry("rewards/chosen", 0.0)
          .containsEntry("rewards/rejected", 0.0);
    }
  }

  @ParameterizedTest
  @CsvSource({"0.1, 0", "0.5, 0.1"})
  void gradientIsTheLosssByDifferences(double beta, double labelSmoothing) throws IOException {
    MicroBatch batch = begun(beta, labelSmoothing).microBatch(new int[] {3, 0, 2});
    float[] logProbs = moved(model.logProbs(batch.tokens()));

    float[] gradient = batch.evaluate(logProbs.clone()).gradient();

    assertThat(gradient).hasSameSizeAs(logProbs);
    float h = 1f / 64;
    for (int i = 0; i < logProbs.length; i++) {
      float[] up = logProbs.clone();
      float[] down = logProbs.clone();
      up[i] += h;
      down[i] -= h;
      double rise = batch.evaluate(up).lossSum() - batch.evaluate(down).lossSum();
      double difference = rise / ((double) up[i] - down[i]);
      assertThat((double) gradient[i])
          .as("target %d", i)
          .isCloseTo(difference, within(2e-5 * beta));
      assertThat(Math.abs(gradient[i])).isLessThan((float) beta);
    }
  }

  /** The figures again by hand, row by row, where no padding is and no batch. */
  @Test
  void lossAndFiguresArePlainSums() throws IOException {
    double beta = 0.3;
    MicroBatch batch = begun(beta, 0).microBatch(new int[] {1, 2});
    float[] logProbs = moved(model.logProbs(batch.tokens()));
    // The chosen completions have 3 tokens and, without a prompt, 2; the rejected 1 and 1.
    double[] chosen = {sum(logProbs, 0, 3), sum(logProbs, 3, 5)};
    double[] rejected = {logProbs[5], logProbs[6]};
    assertThat(logProbs).hasSize(7);

    Outcome outcome = batch.evaluate(logProbs);

    double loss = 0;
    double margins = 0;
    double accurate = 0;
    for (int pair = 0; pair < 2; pair++) {
      PairLogProbs reference =
          Beginnings.logProbs(model, PAIRS, List.of(new int[] {1 + pair}))[1 + pair];
      double margin =
          beta * ((chosen[pair] - reference.chosen()) - (rejected[pair] - reference.rejected()));
      loss += Math.log(1 + Math.exp(-margin));
      margins += margin;
      accurate += margin > 0 ? 1 : 0;
    }
    assertThat(outcome.lossSum()).isCloseTo(loss, within(1e-5));
    assertThat(outcome.figures().get("rewards/margins")).isCloseTo(margins, within(1e-5));
    assertThat(outcome.figures()).containsEntry("rewards/accuracies", accurate);
    assertThat(outcome.figures().get("logps/chosen")).isEqualTo(chosen[0] + chosen[1]);
    assertThat(outcome.figures().keySet())
        .containsExactly(
            "rewards/chosen",
            "rewards/rejected",
            "rewards/margins",
            "rewards/accuracies",
            "logps/chosen",
            "logps/rejected");
  }

  @Test
  void referencePassAsksBetweenItsBatches() throws IOException {
    List<Integer> asked = new ArrayList<>();

    new Preference(pairs(), settings(0.1, 0))
        .begin(Beginnings.of(model, BATCHES, () -> asked.add(1)));
    assertThat(asked).hasSize(2);

    IllegalStateException enough = new IllegalStateException("enough");
    Preference stopped = new Preference(pairs(), settings(0.1, 0));
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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "dpo.loss_type=hinge | dpo.loss_type hinge is not built yet; take sigmoid",
        "dpo.loss_type=sigmoid_norm | dpo.loss_type sigmoid_norm is not built yet; take sigmoid",
        "dpo.reference=shared | dpo.reference shared is not built yet; leave the key out",
        "dpo.reference=models/other | dpo.reference models/other, a model's folder, is not built yet; leave the key out",
        "sample_packing=true | sample_packing true is not built yet for pairs; set it to false",
      })
  void settingsThatAreNotBuiltAreNamed(String setting, String sentence) throws IOException {
    DpoRun run = new DpoRun(folder, folder.resolve("tiny-llama")).withPairs(2);

    assertThatThrownBy(() -> run.check("phases.one." + setting))
        .isInstanceOf(InputException.class)
        .hasMessage("phase one: " + sentence);
  }

  @Test
  void whatElseIsWrongIsNamedBesideThem() throws IOException {
    DpoRun run = new DpoRun(folder, folder.resolve("tiny-llama"));
    Files.writeString(folder.resolve("pairs.jsonl"), "{\"prompt\": 1}\n");

    assertThatThrownBy(
            () -> run.check("phases.one.dpo.loss_type=hinge", "phases.one.sample_packing=true"))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("phase one: dpo.loss_type hinge is not built yet")
        .hasMessageContaining("phase one: sample_packing true is not built yet")
        .hasMessageContaining("pairs.jsonl:1: ");
  }

  /** An objective whose reference is this model. */
  private Preference begun(double beta, double labelSmoothing) throws IOException {
    Preference objective = new Preference(pairs(), settings(beta, labelSmoothing));
    objective.begin(Beginnings.of(model, BATCHES, () -> {}));
    return objective;
  }

  private static Pairs pairs() {
    return Pairs.of(PAIRS, List.of());
  }

  private static Dpo settings(double beta, double labelSmoothing) {
    return new Dpo(
        beta, Dpo.LossType.SIGMOID, labelSmoothing, 0.05, new Dpo.Reference.Precomputed());
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
