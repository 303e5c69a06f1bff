package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.phases.training.Phases;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dpo.LossType;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Log-probabilities, loss, rewards and four steps of DPO against figures that are not ours. */
class GoldenDpoTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void logProbabilitiesLossAndRewards(Fixture fixture) throws IOException {
    JsonNode golden = fixture.golden();
    JsonNode dpo = golden.path("dpo");
    Path base = fixture.copyTo(folder);
    Path policy = sixStepsOfSft(golden, base);
    List<Pair> pairs = pairs(dpo);
    Preference objective = Beginnings.sigmoid(pairs, dpo.path("beta").doubleValue(), 0);

    try (Transformer reference = load(base);
        Transformer model = load(policy)) {
      objective.begin(
          Beginnings.of(reference, List.of(new int[] {0, 1}, new int[] {2, 3}), () -> {}));
      assertLogProbs(reference, pairs, dpo, "ref");
      assertLogProbs(model, pairs, dpo, "policy");
      Outcome outcome = AtLogProbs.of(model, objective, new int[] {0, 1, 2, 3}).outcome();
      double loss = dpo.path("losses").path("sigmoid").doubleValue();
      assertThat(outcome.lossSum() / 4).isCloseTo(loss, within(1e-4 * loss));
      assertThat(outcome.figures().get("rewards/margins").value())
          .isCloseTo(dpo.path("rewards_margins").doubleValue(), within(1e-4));
      assertThat(outcome.figures().get("rewards/accuracies").value())
          .isEqualTo(dpo.path("rewards_accuracies").doubleValue());
      assertEveryLoss(reference, model, pairs, dpo);
    }
  }

  private static void assertEveryLoss(
      Transformer reference, Transformer model, List<Pair> pairs, JsonNode dpo) throws IOException {
    for (Map.Entry<String, JsonNode> loss : dpo.path("losses").properties()) {
      LossType type = LossType.valueOf(loss.getKey().toUpperCase(Locale.ROOT));
      // The figures' sigmoid is without smoothing; the others look at it only where they say so.
      double smoothing = type == LossType.SIGMOID ? 0 : dpo.path("label_smoothing").doubleValue();
      LossProgram program =
          LossProgram.of(new Dpo(dpo.path("beta").doubleValue(), type, smoothing));
      try (Preference objective = Beginnings.objective(pairs, program, Layout.SHARED_PROMPTS)) {
        objective.begin(Beginnings.of(reference, List.of(new int[] {0, 1, 2, 3}), () -> {}));
        double mean =
            AtLogProbs.of(model, objective, new int[] {0, 1, 2, 3}).outcome().lossSum() / 4;
        double wanted = loss.getValue().doubleValue();
        assertThat(mean).as(loss.getKey()).isCloseTo(wanted, within(1e-4 * wanted));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void trajectory(Fixture fixture) throws IOException {
    JsonNode dpo = fixture.golden().path("dpo");
    JsonNode train = dpo.path("train");
    StringBuilder rows = new StringBuilder();
    for (Pair pair : pairs(dpo)) {
      rows.append(
          "{\"prompt_input_ids\": %s, \"chosen_input_ids\": %s, \"rejected_input_ids\": %s}%n"
              .formatted(
                  Arrays.toString(pair.prompt()),
                  Arrays.toString(pair.chosen()),
                  Arrays.toString(pair.rejected())));
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
    Phases phases =
        new Phases(
            2,
            2,
            4,
            train.path("lr").doubleValue(),
            train.path("weight_decay").doubleValue(),
            0,
            Dtype.FLOAT32);
    RecordingListener heard = new RecordingListener();

    DpoRun.train(
        Preference.source(TemporaryRows.reader()),
        new PhaseRequest(
            phases.pipeline(PhaseType.DPO),
            phases.phase(PhaseType.DPO),
            folder,
            new PhaseStart(fixture.copyTo(folder), names(train.path("trainable"))),
            folder.resolve("result")),
        heard);

    double[] losses = heard.series("loss");
    assertThat(losses).hasSize(4);
    assertThat(losses[0]).isCloseTo(Math.log(2), within(1e-6));
    for (int i = 0; i < 4; i++) {
      double wanted = train.path("losses").path(i).doubleValue();
      assertThat(losses[i]).as("step %d", i + 1).isCloseTo(wanted, within(1e-4 * wanted));
    }
  }

  private static void assertLogProbs(
      Transformer model, List<Pair> pairs, JsonNode dpo, String whose) throws IOException {
    LogProbs[] found = Beginnings.logProbs(model, pairs, List.of(new int[] {0, 1, 2, 3}));
    for (int i = 0; i < found.length; i++) {
      double chosen = dpo.path(whose + "_chosen_logps").path(i).doubleValue();
      double rejected = dpo.path(whose + "_rejected_logps").path(i).doubleValue();
      assertThat(found[i].first()).isCloseTo(chosen, within(-1e-4 * chosen));
      assertThat(found[i].second()).isCloseTo(rejected, within(-1e-4 * rejected));
    }
  }

  /** The policy of the figures: the checkpoint after the six AdamW steps. */
  private Path sixStepsOfSft(JsonNode golden, Path base) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      rows.append(
          "{\"input_ids\": %s, \"labels\": %s}%n"
              .formatted(
                  golden.path("input_ids").path(i), golden.path("sft").path("labels").path(i)));
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
    JsonNode adamw = golden.path("adamw");
    Phases phases =
        new Phases(
            3,
            1,
            6,
            adamw.path("lr").doubleValue(),
            adamw.path("weight_decay").doubleValue(),
            adamw.path("max_grad_norm").doubleValue(),
            Dtype.FLOAT32);
    Path policy = folder.resolve("policy");
    DpoRun.train(
        NextToken.source(TemporaryRows.reader()),
        new PhaseRequest(
            phases.pipeline(PhaseType.SFT),
            phases.phase(PhaseType.SFT),
            folder,
            new PhaseStart(base, names(adamw.path("trainable"))),
            policy),
        new RecordingListener());
    return policy;
  }

  static Transformer load(Path checkpoint) throws IOException {
    return Transformer.load(
        Checkpoint.open(checkpoint),
        ConfigReader.read(Checkpoint.open(checkpoint)),
        "cpu",
        Precision.FLOAT32);
  }

  private static Set<String> names(JsonNode array) {
    Set<String> names = new HashSet<>();
    array.forEach(name -> names.add(name.asText()));
    return names;
  }

  private static List<Pair> pairs(JsonNode dpo) {
    List<Pair> pairs = new ArrayList<>();
    for (int i = 0; i < dpo.path("chosen_ids").size(); i++) {
      JsonNode ids = dpo.path("chosen_ids").path(i);
      int promptTokens = 0;
      while (dpo.path("chosen_mask").path(i).path(promptTokens).intValue() == 0) {
        promptTokens++;
      }
      int[] prompt = new int[promptTokens];
      Arrays.setAll(prompt, t -> ids.path(t).intValue());
      pairs.add(
          new Pair(
              prompt,
              masked(ids, dpo.path("chosen_mask").path(i)),
              masked(dpo.path("rejected_ids").path(i), dpo.path("rejected_mask").path(i))));
    }
    return pairs;
  }

  private static int[] masked(JsonNode ids, JsonNode mask) {
    List<Integer> kept = new ArrayList<>();
    for (int t = 0; t < ids.size(); t++) {
      if (mask.path(t).intValue() == 1) {
        kept.add(ids.path(t).intValue());
      }
    }
    return kept.stream().mapToInt(Integer::intValue).toArray();
  }
}
