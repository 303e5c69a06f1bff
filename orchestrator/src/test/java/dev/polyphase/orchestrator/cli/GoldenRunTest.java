package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The golden trajectories out of {@code polyphase run}, read from {@code metrics.jsonl}. */
class GoldenRunTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void sft(Fixture fixture) throws IOException {
    JsonNode golden = fixture.golden();
    JsonNode adamw = golden.path("adamw");
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < golden.path("input_ids").size(); i++) {
      rows.add(
          "{\"input_ids\": %s, \"labels\": %s}"
              .formatted(
                  golden.path("input_ids").path(i), golden.path("sft").path("labels").path(i)));
    }
    List<JsonNode> steps =
        run(fixture, "sft", adamw, rows, adamw.path("max_grad_norm").doubleValue(), 6);

    assertThat(steps).hasSize(6);
    for (int i = 0; i < 6; i++) {
      assertClose(steps.get(i), "loss", adamw.path("losses").path(i), 1e-4);
      assertClose(steps.get(i), "grad_norm", adamw.path("grad_norms").path(i), 1e-3);
      assertThat(steps.get(i).path("step").longValue()).isEqualTo(i + 1);
      assertThat(steps.get(i).path("learning_rate")).isEqualTo(adamw.path("lr"));
    }
    Checkpoint result = Checkpoint.open(folder.resolve("runs/golden/phase-01-only/model"));
    for (JsonNode name : adamw.path("trainable")) {
      float[] values = TensorValues.floats(result.find(name.asText()).orElseThrow());
      JsonNode first = adamw.path("final_param_first8").path(name.asText());
      for (int i = 0; i < 8; i++) {
        assertThat((double) values[i]).isCloseTo(first.path(i).doubleValue(), within(1e-5));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void dpo(Fixture fixture) throws IOException {
    JsonNode dpo = fixture.golden().path("dpo");
    JsonNode train = dpo.path("train");
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < dpo.path("chosen_ids").size(); i++) {
      JsonNode mask = dpo.path("chosen_mask").path(i);
      int promptTokens = 0;
      while (mask.path(promptTokens).intValue() == 0) {
        promptTokens++;
      }
      JsonNode ids = dpo.path("chosen_ids").path(i);
      List<Integer> prompt = new ArrayList<>();
      for (int t = 0; t < promptTokens; t++) {
        prompt.add(ids.path(t).intValue());
      }
      rows.add(
          "{\"prompt_input_ids\": %s, \"chosen_input_ids\": %s, \"rejected_input_ids\": %s}"
              .formatted(
                  prompt,
                  completion(ids, mask),
                  completion(dpo.path("rejected_ids").path(i), dpo.path("rejected_mask").path(i))));
    }

    List<JsonNode> steps = run(fixture, "dpo", train, rows, 0, 4);

    assertThat(steps).hasSize(4);
    for (int i = 0; i < 4; i++) {
      assertClose(steps.get(i), "loss", train.path("losses").path(i), 1e-4);
    }
    assertThat(steps.get(0).path("rewards/margins").doubleValue()).isCloseTo(0, within(1e-6));
    assertThat(steps.get(3).path("rewards/accuracies").doubleValue()).isEqualTo(1);
    assertThat(steps.get(0).path("logps/chosen").doubleValue())
        .isCloseTo(mean(dpo.path("ref_chosen_logps")), within(0.01));
  }

  private List<JsonNode> run(
      Fixture fixture,
      String type,
      JsonNode settings,
      List<String> rows,
      double maxGradNorm,
      int epochs)
      throws IOException {
    fixture.copyTo(folder);
    Files.write(folder.resolve("rows.jsonl"), rows);
    Path yaml =
        Files.writeString(
            folder.resolve("golden.yaml"),
            """
            name: golden
            base_model: %s
            device: cpu
            phases:
              - name: only
                type: %s
                targeting: {method: parameters, unfrozen_parameters: %s, always_train: []}
                datasets: [{path: rows.jsonl}]
                shuffle: false
                micro_batch_size: %d
                num_epochs: %d
                learning_rate: %s
                lr_scheduler: constant
                weight_decay: %s
                max_grad_norm: %s
            """
                .formatted(
                    fixture.folderName(),
                    type,
                    settings.path("trainable"),
                    rows.size(),
                    epochs,
                    settings.path("lr"),
                    settings.path("weight_decay"),
                    maxGradNorm));
    Polyphase.Ended ended =
        Polyphase.execute("run", yaml.toString(), "--output", folder.resolve("runs").toString());
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    return Polyphase.steps(folder.resolve("runs/golden/phase-01-only/metrics.jsonl"));
  }

  private static void assertClose(
      JsonNode row, String key, JsonNode expected, double relativeTolerance) {
    double wanted = expected.doubleValue();
    assertThat(row.path(key).doubleValue())
        .as("%s of %s", key, row)
        .isCloseTo(wanted, within(relativeTolerance * wanted));
  }

  private static List<Integer> completion(JsonNode ids, JsonNode mask) {
    List<Integer> kept = new ArrayList<>();
    for (int t = 0; t < ids.size(); t++) {
      if (mask.path(t).intValue() == 1) {
        kept.add(ids.path(t).intValue());
      }
    }
    return kept;
  }

  private static double mean(JsonNode values) {
    double sum = 0;
    for (JsonNode value : values) {
      sum += value.doubleValue();
    }
    return sum / values.size();
  }
}
