package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.data.Example;
import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.RescanEvery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a policy is held to, wherever that comes from. */
class ReferencesTest {
  private static final String LORA =
      "phases.one.adapter={type: lora, r: 4, alpha: 8}|phases.one.targeting={method: parameters,"
          + " unfrozen_parameters: [any]}";

  @TempDir Path folder;
  private DpoRun run = new DpoRun(Path.of(""), Path.of(""));

  @BeforeEach
  void files() throws IOException {
    run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder));
  }

  /** To the last bit, as the reference sees the batches of the phase's first epoch. */
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "dpo; {}; ''; false",
        "dpo; {loss_type: [aot, sft], prefix_sharing: true}; ''; false",
        "dpo; {ld_alpha: 0.5}; phases.one.sample_packing=true|phases.one.sequence_len=64|phases.one.micro_batch_size=1; false",
        "dpo; {}; " + LORA + "; false",
        "dpo; {}; ''; true",
        "kto; {}; ''; false",
        "kto; {loss_type: apo_zero_unpaired}; ''; true",
        "kto; {}; " + LORA + "; false"
      })
  void whereItIsComputedChangesNothing(String type, String settings, String further, boolean moves)
      throws IOException {
    run = type.equals("kto") ? run.withJudged(20) : run.withPairs(20);
    RecordingListener precomputed = train("precomputed", type, settings, further, moves);
    RecordingListener shared =
        train("shared", type, with(settings, "reference: shared"), further, moves);
    RecordingListener copy =
        train("copy", type, with(settings, "reference: tiny-llama"), further, moves);

    assertThat(precomputed.rows).hasSizeGreaterThan(6);
    for (Map.Entry<String, RecordingListener> other :
        Map.of("shared", shared, "copy", copy).entrySet()) {
      assertThat(other.getValue().figures()).as(other.getKey()).isEqualTo(precomputed.figures());
      ComparedRuns.assertSameWeights(folder.resolve("precomputed"), folder.resolve(other.getKey()));
    }
  }

  /** From the second epoch on the batches are others, and rounded otherwise. */
  @ParameterizedTest
  @ValueSource(strings = {"dpo", "kto"})
  void inLaterEpochsItIsTheSameButForRounding(String type) throws IOException {
    run = type.equals("kto") ? run.withJudged(8) : run.withPairs(8);
    String longer = "phases.one.max_steps=6";

    ComparedRuns.assertClose(
        train("precomputed", type, "{}", longer, false),
        train("shared", type, "{reference: shared}", longer, false),
        1e-5);
  }

  /** Rewards are beta times what policy and reference differ by, of rows one by one. */
  @Test
  void anotherModelIsThatModel() throws IOException {
    run.withPairs(6);
    Path other = Fixture.QWEN2.copyTo(folder);

    Map<String, Number> before =
        train("result", "dpo", "{beta: 0.3, reference: tiny-qwen2}", "", false).figures().get(0);

    double chosen = 0;
    double rejected = 0;
    double losses = 0;
    try (Transformer policy = GoldenDpoTest.load(run.base());
        Transformer reference = GoldenDpoTest.load(other)) {
      for (Pair pair : heldOut()) {
        double ofChosen = sum(policy, pair.chosenRow()) - sum(reference, pair.chosenRow());
        double ofRejected = sum(policy, pair.rejectedRow()) - sum(reference, pair.rejectedRow());
        chosen += 0.3 * ofChosen / 6;
        rejected += 0.3 * ofRejected / 6;
        losses += Math.log1p(Math.exp(-0.3 * (ofChosen - ofRejected))) / 6;
      }
    }
    assertThat(before.get("eval_rewards/chosen").doubleValue()).isCloseTo(chosen, within(1e-5));
    assertThat(before.get("eval_rewards/rejected").doubleValue()).isCloseTo(rejected, within(1e-5));
    assertThat(before.get("eval_loss").doubleValue()).isCloseTo(losses, within(1e-5));
    assertThat(Math.abs(chosen)).isGreaterThan(0.1);
  }

  private static double sum(Transformer model, Example row) {
    double sum = 0;
    for (float logProb : model.logProbs(TokenBatch.of(List.of(row)))) {
      sum += logProb;
    }
    return sum;
  }

  private List<Pair> heldOut() throws IOException {
    List<Pair> pairs = new ArrayList<>();
    for (String line : Files.readAllLines(folder.resolve("others.jsonl"))) {
      JsonNode row = new ObjectMapper().readTree(line);
      pairs.add(
          new Pair(
              ids(row.path("prompt_input_ids")),
              ids(row.path("chosen_input_ids")),
              ids(row.path("rejected_input_ids"))));
    }
    return pairs;
  }

  private static int[] ids(JsonNode array) {
    int[] ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = array.path(i).intValue();
    }
    return ids;
  }

  private static String with(String settings, String another) {
    return settings.replace("}", (settings.equals("{}") ? "" : ", ") + another + "}");
  }

  private RecordingListener train(
      String result, String type, String settings, String further, boolean moves)
      throws IOException {
    Set<String> then = Set.of("model.layers.2.mlp.down_proj.weight", "lm_head.weight");
    Optional<Retargeting> moving =
        moves
            ? Optional.of(
                new Retargeting(
                    new RescanEvery.Steps(1),
                    then,
                    (weights, step) -> new Retargeting.Target(then, Map.of())))
            : Optional.empty();
    return run.train(
        result,
        moving,
        Stream.concat(
                Stream.of(
                    "phases.one.type=" + type,
                    "phases.one.%s=%s".formatted(type, settings),
                    "phases.one.max_steps=3",
                    "phases.one.eval_steps=1"),
                Stream.of(further.split("\\|")).filter(part -> !part.isEmpty()))
            .toArray(String[]::new));
  }
}
