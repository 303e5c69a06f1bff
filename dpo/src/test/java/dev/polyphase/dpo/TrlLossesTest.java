package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Three steps with every loss against TRL's own trainers: losses, gradient norms and what is
 * logged. {@code trl_losses.py}, beside the figures, made them. Where TRL takes a mean of means
 * over forward passes and this takes one over the step, cases of several passes are left out.
 */
class TrlLossesTest {
  private static final JsonNode TRL = read();
  private static final String YAML =
      """
      name: test
      base_model: base
      device: cpu
      defaults:
        micro_batch_size: 4
        shuffle: false
        max_steps: 3
        learning_rate: 2.0e-3
        lr_scheduler: constant
      phases:
        - name: one
          type: %s
          targeting: {method: full}
          datasets: [{path: rows.jsonl}]
          %s: %s
      """;

  /**
   * Of these TRL's figures are over prompts and padding as well, or means of forward passes' means.
   */
  private static final Set<String> OTHERWISE = Set.of("logits/chosen", "logits/rejected");

  /** What is not logged here. */
  private static final Set<String> NOT_LOGGED =
      Set.of("entropy", "mean_token_accuracy", "num_tokens");

  @TempDir Path folder;

  private static JsonNode read() {
    try (InputStream in = TrlLossesTest.class.getResourceAsStream("trl_losses.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Stream<String> cases() {
    List<String> names = new ArrayList<>();
    TRL.path("cases").fieldNames().forEachRemaining(names::add);
    // Sums of pairs are the same however a step is cut; what looks across pairs or tokens is not.
    return names.stream().filter(name -> !name.endsWith("2 x 2") || name.equals("sigmoid, 2 x 2"));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void stepsAreTrls(String name) throws IOException {
    JsonNode wanted = TRL.path("cases").path(name);
    assertSteps(name, wanted, train(wanted, "result"));
  }

  /** Prompts computed once, and pairs side by side, change nothing. */
  @ParameterizedTest
  @MethodSource("layouts")
  void howPairsLieInABatchChangesNothing(String name, String setting) throws IOException {
    JsonNode wanted = TRL.path("cases").path(name);
    assertSteps(name, wanted, train(wanted, "result", setting));
  }

  static Stream<Arguments> layouts() {
    return Stream.of("sigmoid", "ipo", "aot", "sigmoid + 0.5 sft", "sigmoid, ld_alpha 0.5")
        .flatMap(
            name ->
                Stream.of(
                        "phases.one.dpo.prefix_sharing=true", "phases.one.dpo.prefix_sharing=false")
                    .map(setting -> Arguments.of(name, setting)));
  }

  private void assertSteps(String name, JsonNode wanted, RecordingListener heard) {
    // TRL's own figures of SimPO are that far from double precision.
    double tolerance = name.startsWith("simpo, ") ? 1e-4 : 2e-5;
    boolean logits =
        wanted.path("method").asText().matches("dpo|kto") && !wanted.path("config").has("batch");
    assertThat(heard.rows).hasSize(3);
    for (int step = 0; step < 3; step++) {
      Map<String, Number> found = heard.rows.get(step).values();
      JsonNode golden = wanted.path("steps").path(step);
      for (Map.Entry<String, JsonNode> figure : golden.properties()) {
        String key = figure.getKey();
        boolean isElsewhere = OTHERWISE.contains(key) && !logits;
        boolean isZeroByDefault = key.equals("nll_loss") && !found.containsKey(key);
        if (NOT_LOGGED.contains(key) || isElsewhere || isZeroByDefault) {
          continue;
        }
        double value = figure.getValue().doubleValue();
        assertThat(found).as("%s, step %d", name, step + 1).containsKey(key);
        assertThat(found.get(key).doubleValue())
            .as("%s, step %d: %s", name, step + 1, key)
            .isCloseTo(value, within(tolerance * Math.max(1, Math.abs(value))));
      }
    }
  }

  private RecordingListener train(JsonNode wanted, String result, String... settings)
      throws IOException {
    boolean judged = wanted.path("method").asText().equals("kto");
    StringBuilder rows = new StringBuilder();
    TRL.path(judged ? "judged" : "pairs").forEach(row -> rows.append(row).append('\n'));
    Files.writeString(folder.resolve("rows.jsonl"), rows);
    List<String> all = new ArrayList<>(List.of(settings));
    JsonNode config = wanted.path("config");
    if (config.has("batch")) {
      all.add("phases.one.micro_batch_size=" + config.path("batch"));
      all.add("phases.one.gradient_accumulation_steps=" + config.path("accumulation"));
    }
    Path base = Fixture.QWEN2.copyTo(folder);
    Pipeline pipeline = PipelineReader.parse(yaml(wanted), "test.yaml", all);
    RecordingListener heard = new RecordingListener();
    ObjectiveSource source =
        judged
            ? Judgement.source(TemporaryRows.reader())
            : Preference.source(TemporaryRows.reader());
    DpoRun.train(
        source,
        new PhaseRequest(
            pipeline,
            pipeline.phases().get(0),
            folder,
            new PhaseStart(base, names(base)),
            folder.resolve(result)),
        heard);
    return heard;
  }

  /** TRL has SimPO as one of CPO's losses. */
  private static String yaml(JsonNode wanted) {
    String method = wanted.path("method").asText();
    boolean simpo = wanted.path("config").path("loss_type").asText().equals("simpo");
    String type = simpo ? "simpo" : method;
    String settings =
        wanted.path("config").properties().stream()
            .filter(
                entry ->
                    !Set.of("batch", "accumulation").contains(entry.getKey())
                        && !(simpo && entry.getKey().equals("loss_type")))
            .map(entry -> entry.getKey() + ": " + entry.getValue())
            .collect(Collectors.joining(", ", "{", "}"));
    return YAML.formatted(type, type, settings);
  }

  private static Set<String> names(Path base) throws IOException {
    return Checkpoint.open(base).tensors().stream()
        .map(TensorInfo::name)
        .collect(Collectors.toSet());
  }
}
