package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Adapters on what a scan chose, in a phase of each kind. */
class AdapterPhasesTest {
  private static final String PIPELINE =
      """
      name: adapted
      base_model: tiny-qwen2
      device: cpu
      dtype: float32
      defaults:
        targeting: {top_percent: 50}
        sequence_len: 48
        learning_rate: 1e-2
        max_steps: 4
        adapter: {type: lora, r: 4, alpha: 8, dropout: 0.05}
      phases:
        - {name: tuning, type: sft, datasets: [{path: text.jsonl}], adapter: {save: peft}}
        - {name: alignment, type: dpo, datasets: [{path: pairs.jsonl}]}
      """;

  @TempDir Path folder;

  private Path base = Path.of("");
  private Path pipeline = Path.of("");

  @BeforeEach
  void files() throws IOException {
    base = Fixture.QWEN2.copyTo(folder);
    Files.writeString(folder.resolve("text.jsonl"), "{\"text\": \"The moon pulls the sea.\"}\n");
    Files.writeString(
        folder.resolve("pairs.jsonl"),
        "{\"prompt\": \"Say it:\", \"chosen\": \" the sea\", \"rejected\": \" no\"}\n");
    pipeline = Files.writeString(folder.resolve("adapted.yaml"), PIPELINE);
  }

  @Test
  void trainNoValueBesideThemUnlessThatIsWritten() {
    // Inputs and outputs of the seven projections, rank 4, in 2 of 4 blocks.
    long adapters = 4 * 2 * (192 + 128 + 128 + 192 + 3 * 320);
    long embeddings = 272 * 96;

    assertThat(plannedParameters()).containsExactly(adapters, adapters);
    assertThat(plannedParameters("--set", "phases.tuning.targeting.always_train=[embed_tokens]"))
        .containsExactly(adapters + embeddings, adapters);
  }

  private List<Long> plannedParameters(String... options) {
    List<String> args = new ArrayList<>(List.of("plan", pipeline.toString(), "--json"));
    args.addAll(List.of(options));
    Polyphase.Ended planned = Polyphase.execute(args.toArray(String[]::new));
    assertThat(planned.exitCode()).as(planned.messages()).isZero();
    return Polyphase.parse(planned.results())
        .path("phases")
        .findValues("trained_parameters")
        .stream()
        .map(JsonNode::longValue)
        .toList();
  }

  @Test
  void areMergedIntoWhatWasSelected() throws IOException {
    Polyphase.Ended ended =
        Polyphase.execute(
            "run", pipeline.toString(), "--output", folder.resolve("runs").toString());

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.messages()).contains("values that adapters were merged into changed");
    assertThat(folder.resolve("runs/adapted/pipeline.yaml")).content().contains("always_train: []");
    Path first = folder.resolve("runs/adapted/phase-01-tuning");
    Path second = folder.resolve("runs/adapted/phase-02-alignment");
    // Biases stay, though a selected module is trained with its own where it is trained itself.
    assertThat(differing(base, first.resolve("model"))).isEqualTo(selectedWeights(first));
    assertThat(differing(first.resolve("model"), second.resolve("model")))
        .isEqualTo(selectedWeights(second));
    JsonNode config = Polyphase.json(first.resolve("adapter/adapter_config.json"));
    assertThat(
            StreamSupport.stream(config.path("target_modules").spliterator(), false)
                .map(module -> module.textValue() + ".weight")
                .collect(Collectors.toSet()))
        .isEqualTo(selectedWeights(first));
    assertThat(second.resolve("adapter")).doesNotExist();
    assertThat(Files.readString(second.resolve("model/README.md")))
        .contains("LoRA, rank 4, alpha 8, dropout 0.05, merged");
    // The reference is the model that the adapters begin as.
    double firstLoss =
        Polyphase.json(second.resolve("trainer_state.json"))
            .path("log_history")
            .path(0)
            .path("loss")
            .doubleValue();
    assertThat(firstLoss).isCloseTo(Math.log(2), within(1e-5));
  }

  private static Set<String> selectedWeights(Path phase) throws IOException {
    return Files.readAllLines(phase.resolve("selection.yaml")).stream()
        .filter(line -> line.startsWith("- model."))
        .map(line -> line.substring(2) + ".weight")
        .collect(Collectors.toSet());
  }

  private static Set<String> differing(Path before, Path after) throws IOException {
    Checkpoint old = Checkpoint.open(before);
    Set<String> names = new TreeSet<>();
    for (TensorInfo tensor : Checkpoint.open(after).tensors()) {
      byte[] bytes = TensorValues.bytes(old.find(tensor.name()).orElseThrow());
      if (!Arrays.equals(bytes, TensorValues.bytes(tensor))) {
        names.add(tensor.name());
      }
    }
    return names;
  }
}
