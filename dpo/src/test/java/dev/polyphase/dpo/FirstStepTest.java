package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.training.DjlPhaseTrainer;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A policy that has not moved prefers nothing, to the last bit: what a first step logs is no
 * rounding noise, whatever the rows' order and lengths.
 */
class FirstStepTest {
  private static final String YAML =
      """
      name: test
      base_model: base
      device: cpu
      phases:
        - name: one
          type: dpo
          targeting: {method: full}
          datasets: [{path: pairs.jsonl}]
          eval_datasets: [{path: pairs.jsonl}]
          micro_batch_size: 3
          gradient_accumulation_steps: 2
          max_steps: 2
          learning_rate: 1.0e-3
      """;

  @TempDir Path folder;

  @Test
  void prefersNothing() throws IOException {
    writePairs(20);
    RecordingListener heard = train(Fixture.LLAMA.copyTo(folder), "result", "device=cpu");

    MetricsRow before = heard.rows.get(0);
    assertThat(before.values().get("eval_rewards/margins")).isEqualTo(0.0);
    assertThat(before.values().get("eval_rewards/accuracies")).isEqualTo(0.0);
    MetricsRow first = heard.rows.get(1);
    assertThat(first.values().get("loss").doubleValue()).isCloseTo(Math.log(2), within(1e-15));
    for (String figure : List.of("chosen", "rejected", "margins", "accuracies")) {
      assertThat(first.values().get("rewards/" + figure)).as(figure).isEqualTo(0.0);
    }
    assertThat(heard.rows.get(2).values().get("rewards/accuracies").doubleValue()).isPositive();
  }

  /** The reference's pass, evaluation and steps with the blocks in one place, and in two. */
  @Test
  void whereTheBlocksAreChangesNothing() throws IOException {
    writePairs(20);
    Path base = Fixture.LLAMA.copyTo(folder);
    RecordingListener one = train(base, "one", "device=cpu");
    RecordingListener two = train(base, "two", "device=[cpu, cpu]");

    assertThat(figures(two)).isEqualTo(figures(one)).hasSize(4);
    assertThat(Files.readAllBytes(folder.resolve("two").resolve("model.safetensors")))
        .isEqualTo(Files.readAllBytes(folder.resolve("one").resolve("model.safetensors")));
  }

  /** All that is logged but the clock's. */
  private static List<String> figures(RecordingListener heard) {
    return heard.rows.stream()
        .map(
            row -> {
              Map<String, Number> values = new TreeMap<>(row.values());
              values.keySet().removeIf(key -> key.matches(".*(runtime|per_second).*"));
              return values.toString();
            })
        .toList();
  }

  private RecordingListener train(Path base, String result, String setting) throws IOException {
    Pipeline pipeline = PipelineReader.parse(YAML, "test.yaml", List.of(setting));
    RecordingListener heard = new RecordingListener();
    new DjlPhaseTrainer(Preference.source(), device -> OptionalLong.empty())
        .train(
            new PhaseRequest(
                pipeline,
                pipeline.phases().get(0),
                folder,
                base,
                Set.of("model.layers.1.mlp.up_proj.weight"),
                folder.resolve(result)),
            heard);
    return heard;
  }

  /** Of random tokens and lengths. */
  private void writePairs(int count) throws IOException {
    Random random = new Random(5);
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          "{\"prompt_input_ids\": %s, \"chosen_input_ids\": %s, \"rejected_input_ids\": %s}%n"
              .formatted(ids(random), ids(random), ids(random)));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
  }

  private static String ids(Random random) {
    return Arrays.toString(random.ints(1 + random.nextInt(25), 0, 256).toArray());
  }
}
