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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run of the shipped program whose modules have learning rates of their own. */
class LrBySnrTest {
  private static final double RATE = 1e-3;

  @TempDir Path folder;

  /** AdamW's first step moves a weight by its rate, whatever the size of its gradient. */
  @Test
  void firstStepsAreAsLongAsTheFactorsSay() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"some words\"}\n");
    Path yaml =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            name: p
            base_model: tiny-llama
            phases:
              - name: one
                type: cpt
                targeting: {top_percent: 75, modules: [mlp.up_proj, self_attn.q_proj], always_train: [lm_head]}
                lr_by_snr: {scale: rank, min: 0.5, max: 3}
                datasets: [{path: rows.jsonl}]
                learning_rate: %s
                max_steps: 1
            """
                .formatted(RATE));

    Polyphase.Ended ended =
        Polyphase.execute("run", yaml.toString(), "--output", folder.resolve("runs").toString());

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    Path phase = folder.resolve("runs/p/phase-01-one");
    JsonNode rates = Polyphase.json(phase.resolve("learning_rates.json"));
    assertThat(rates.path("scale").textValue()).isEqualTo("rank");
    Map<String, Double> factors = new TreeMap<>();
    rates
        .path("factors")
        .properties()
        .forEach(f -> factors.put(f.getKey(), f.getValue().asDouble()));
    assertThat(factors).isEqualTo(expected(phase));
    for (Map.Entry<String, Double> module : factors.entrySet()) {
      assertThat(longestStep(base, phase.resolve("model"), module.getKey() + ".weight"))
          .as(module.getKey())
          .isCloseTo(RATE * module.getValue(), within(1e-3 * RATE));
    }
    assertThat(
            Polyphase.steps(phase.resolve("metrics.jsonl")).get(0).path("learning_rate").asDouble())
        .isEqualTo(RATE);
  }

  /** Three of the four modules of a type are selected: the least has 0.5, the best 3. */
  private static Map<String, Double> expected(Path phase) throws IOException {
    Map<String, List<Map.Entry<Double, String>>> byType = new TreeMap<>();
    List<String> selected = Files.readAllLines(phase.resolve("selection.yaml"));
    for (Map.Entry<String, JsonNode> module :
        Polyphase.json(phase.resolve("snr.json")).properties()) {
      if (selected.contains("- " + module.getKey())) {
        byType
            .computeIfAbsent(module.getValue().path("type").asText(), t -> new ArrayList<>())
            .add(Map.entry(module.getValue().path("snr").asDouble(), module.getKey()));
      }
    }
    Map<String, Double> factors = new TreeMap<>(Map.of("lm_head", 1.0));
    for (List<Map.Entry<Double, String>> type : byType.values()) {
      type.sort(Comparator.comparing(Map.Entry::getKey));
      assertThat(type).hasSize(3);
      factors.put(type.get(0).getValue(), 0.5);
      factors.put(type.get(1).getValue(), 1.75);
      factors.put(type.get(2).getValue(), 3.0);
    }
    return factors;
  }

  private static double longestStep(Path before, Path after, String tensor) throws IOException {
    float[] was = TensorValues.floats(Checkpoint.open(before).find(tensor).orElseThrow());
    float[] is = TensorValues.floats(Checkpoint.open(after).find(tensor).orElseThrow());
    double longest = 0;
    for (int i = 0; i < was.length; i++) {
      longest = Math.max(longest, Math.abs((double) is[i] - was[i]));
    }
    return longest;
  }
}
