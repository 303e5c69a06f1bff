package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.Example;
import dev.polyphase.data.Judged;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Completions that are wanted or not, one by one. */
class KtoTest {
  private static final double BETA = 0.4;
  private static final List<Judged> ROWS =
      List.of(
          new Judged(new int[] {1, 2, 3}, new int[] {4, 5}, true),
          new Judged(new int[] {10}, new int[] {11, 12, 13, 14}, false),
          new Judged(new int[] {20, 21}, new int[] {22}, true),
          new Judged(new int[] {30}, new int[] {31, 32, 33}, true),
          new Judged(new int[] {40, 41, 42, 43, 44}, new int[] {45, 46}, false));

  @TempDir Path folder;
  private DpoRun run = new DpoRun(Path.of(""), Path.of(""));

  @BeforeEach
  void files() throws IOException {
    run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder));
  }

  @ParameterizedTest
  @ValueSource(strings = {"kto", "apo_zero_unpaired"})
  void whereNothingHasMovedALossIsHalfOfItsWeight(String loss) throws IOException {
    write(ROWS);
    List<Map<String, Number>> heard =
        train(
            "kto={loss_type: %s, desirable_weight: 3, undesirable_weight: 0.5}".formatted(loss),
            "micro_batch_size=3",
            "gradient_accumulation_steps=2");

    double expected = (3 * 0.5 * 3 + 2 * 0.5 * 0.5) / 5;
    assertThat(heard.get(0).get("loss").doubleValue()).isCloseTo(expected, within(1e-12));
    assertThat(heard.get(0)).containsEntry("kl", 0.0).containsEntry("rewards/margins", 0.0);
  }

  /**
   * Against another model, of rows one by one: a row's prompt is followed by the completion of the
   * row before it in the step as well, cut where it does not fit.
   */
  @Test
  void whatThePolicyHasMovedIsOfOtherRowsCompletions() throws IOException {
    Path other = run.base();
    run = new DpoRun(folder, Fixture.QWEN2.copyTo(folder));
    write(ROWS);
    Map<String, Number> first =
        train(
                "kto={beta: %s, desirable_weight: 3, reference: tiny-llama}".formatted(BETA),
                "micro_batch_size=3",
                "gradient_accumulation_steps=2",
                "sequence_len=7",
                "shuffle=false")
            .get(0);

    double[] ratios = new double[5];
    double moved = 0;
    try (Transformer policy = GoldenDpoTest.load(run.base());
        Transformer reference = GoldenDpoTest.load(other)) {
      for (int i = 0; i < 5; i++) {
        ratios[i] = ratio(policy, reference, ROWS.get(i).prompt(), ROWS.get(i).completion());
        int[] stranger = ROWS.get((i + 4) % 5).completion();
        int room = 7 - ROWS.get(i).prompt().length;
        int[] fits = Arrays.copyOf(stranger, Math.min(room, stranger.length));
        moved += ratio(policy, reference, ROWS.get(i).prompt(), fits) / 5;
      }
    }
    double loss = 0;
    for (int i = 0; i < 5; i++) {
      double above = BETA * (ratios[i] - moved);
      loss +=
          ROWS.get(i).desirable()
              ? 3 * (1 - 1 / (1 + Math.exp(-above)))
              : 1 - 1 / (1 + Math.exp(above));
    }
    assertThat(moved).isPositive();
    assertThat(first.get("kl").doubleValue()).isCloseTo(moved, within(1e-5));
    assertThat(first.get("loss").doubleValue()).isCloseTo(loss / 5, within(1e-5));
    double wanted = BETA * (ratios[0] + ratios[2] + ratios[3]) / 3;
    double unwanted = BETA * (ratios[1] + ratios[4]) / 2;
    assertThat(first.get("rewards/chosen").doubleValue()).isCloseTo(wanted, within(1e-5));
    assertThat(first.get("rewards/rejected").doubleValue()).isCloseTo(unwanted, within(1e-5));
    assertThat(first.get("rewards/margins").doubleValue())
        .isCloseTo(wanted - unwanted, within(1e-5));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aPhaseMayHaveRowsOfOneKindAlone(boolean kind) throws IOException {
    write(ROWS.stream().map(row -> new Judged(row.prompt(), row.completion(), kind)).toList());
    Map<String, Number> last =
        train("kto={}", "micro_batch_size=5", "max_steps=3", "learning_rate=1e-2").get(2);

    String there = kind ? "chosen" : "rejected";
    String absent = kind ? "rejected" : "chosen";
    assertThat(last).containsKeys("rewards/" + there, "logps/" + there, "logits/" + there);
    assertThat(last)
        .doesNotContainKeys(
            "rewards/" + absent, "logps/" + absent, "logits/" + absent, "rewards/margins");
    double reward = last.get("rewards/" + there).doubleValue();
    assertThat(kind ? reward : -reward).isPositive();
  }

  @Test
  void aStepOfOneRowHasNothingToHoldItAgainst() throws IOException {
    write(ROWS);
    assertThatThrownBy(() -> train("micro_batch_size=1", "gradient_accumulation_steps=1"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            "phase one: the loss kto holds each row against a step's others, and a step has one row; raise micro_batch_size or gradient_accumulation_steps, or set kto.loss_type to apo_zero_unpaired");
    List<Map<String, Number>> apart =
        train(
            "kto={loss_type: apo_zero_unpaired}",
            "micro_batch_size=1",
            "gradient_accumulation_steps=1");
    assertThat(apart).isNotEmpty();
  }

  /** Of the first row nothing is left to be predicted where the second's completion follows it. */
  @ParameterizedTest
  @CsvSource({"precomputed", "shared"})
  void anotherRowsCompletionMayHaveNothingToPredict(String reference) throws IOException {
    write(
        List.of(
            new Judged(new int[] {}, new int[] {5, 6}, true),
            new Judged(new int[] {1}, new int[] {2}, false)));

    List<Map<String, Number>> heard =
        train(
            "kto={reference: %s}".formatted(reference),
            "micro_batch_size=1",
            "gradient_accumulation_steps=2",
            "max_steps=2");
    assertThat(heard.get(0).get("loss").doubleValue()).isCloseTo(0.5, within(1e-12));
    assertThat(heard.get(1).get("kl").doubleValue()).isFinite();
  }

  private static double ratio(
      Transformer policy, Transformer reference, int[] prompt, int[] completion) {
    Example row = Example.afterPrompt(prompt, completion);
    return sum(policy, row) - sum(reference, row);
  }

  private static double sum(Transformer model, Example row) {
    double sum = 0;
    for (float logProb : model.logProbs(TokenBatch.of(List.of(row)))) {
      sum += logProb;
    }
    return sum;
  }

  private void write(List<Judged> rows) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (Judged row : rows) {
      lines.append(
          "{\"prompt_input_ids\": %s, \"completion_input_ids\": %s, \"label\": %s}%n"
              .formatted(
                  Arrays.toString(row.prompt()),
                  Arrays.toString(row.completion()),
                  row.desirable()));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), lines);
  }

  private List<Map<String, Number>> train(String... settings) throws IOException {
    return run.train(
            "result",
            Optional.empty(),
            Stream.concat(Stream.of("type=kto", "eval_datasets=[]"), Stream.of(settings))
                .map(part -> "phases.one." + part)
                .toArray(String[]::new))
        .figures();
  }
}
