package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pipeline that begins with random weights, and what it measures on held-out rows. */
class NewModelTest {
  private static final String PIPELINE =
      """
      name: new
      base_model: {init: random, config: new.json, tokenizer: tiny-llama}
      device: cpu
      phases:
        - name: base
          type: cpt
          targeting: {method: full}
          datasets: [{path: rows.jsonl}]
          eval_datasets: [{path: held-out.jsonl}]
          max_steps: 30
          micro_batch_size: 4
          learning_rate: 1e-2
      """;

  @TempDir Path folder;
  private Path run = Path.of("");

  @BeforeEach
  void files() throws IOException {
    Path model = Fixture.LLAMA.copyTo(folder);
    String config = Files.readString(model.resolve("config.json"));
    Files.writeString(
        folder.resolve("new.json"),
        config.replace("\"torch_dtype\": \"float32\"", "\"torch_dtype\": \"bfloat16\""));
    Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"one two one two\"}\n".repeat(8));
    Files.writeString(folder.resolve("held-out.jsonl"), "{\"text\": \"two one two\"}\n");
    Files.writeString(folder.resolve("new.yaml"), PIPELINE);
    run = folder.resolve("runs/new");
  }

  @Test
  void weightsAreNormalNormsAreOneAndTheModelLearns() throws IOException {
    Polyphase.Ended ended = polyphase();

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    Checkpoint made = Checkpoint.open(run.resolve("base"));
    for (TensorInfo tensor : made.tensors()) {
      assertThat(tensor.type()).isEqualTo(ElementType.BF16);
      float[] values = TensorValues.floats(tensor);
      if (tensor.shape().size() == 1) {
        assertThat(values).as(tensor.name()).containsOnly(1);
        continue;
      }
      double squares = 0;
      for (float value : values) {
        squares += (double) value * value;
      }
      assertThat(Math.sqrt(squares / values.length))
          .as(tensor.name())
          .isCloseTo(0.02, within(0.02 * 4 / Math.sqrt(2.0 * values.length)));
    }
    List<JsonNode> heldOut = heldOut();
    assertThat(heldOut).hasSize(2);
    assertThat(heldOut.get(0).path("step").asInt()).isZero();
    assertThat(heldOut.get(1).path("step").asInt()).isEqualTo(30);
    // Random weights know nothing: every one of the 272 tokens is about as likely.
    double before = heldOut.get(0).path("eval_loss").doubleValue();
    assertThat(before).isCloseTo(Math.log(272), within(0.2));
    assertThat(heldOut.get(1).path("eval_loss").doubleValue()).isLessThan(before / 2);
  }

  @Test
  void heldOutLossIsWhatScoreSays() throws IOException {
    polyphase();
    Path model = run.resolve("phase-01-base/model");
    Polyphase.Ended scored =
        Polyphase.execute(
            "score",
            model.toString(),
            "--input",
            folder.resolve("held-out.jsonl").toString(),
            "--device",
            "cpu");
    double loss = Polyphase.parse(scored.results()).path("loss").doubleValue();
    // The phase measures its float32 masters, the score what they were saved as.
    assertThat(heldOut().get(1).path("eval_loss").doubleValue())
        .isCloseTo(loss, within(0.02 * loss + 0.02));
  }

  @Test
  void equalSeedsMakeEqualWeights() throws IOException {
    polyphase();
    byte[] first = Files.readAllBytes(run.resolve("base/model.safetensors"));
    polyphase("--fresh");
    assertThat(Files.readAllBytes(run.resolve("base/model.safetensors"))).isEqualTo(first);
    polyphase("--fresh", "--set", "seed=43");
    assertThat(Files.readAllBytes(run.resolve("base/model.safetensors"))).isNotEqualTo(first);
  }

  @Test
  void aConfigThatIsNotImplementedLeavesNothing() throws IOException {
    Files.writeString(folder.resolve("new.json"), "{\"architectures\": [\"Mamba\"]}");

    Polyphase.Ended ended = polyphase();

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains("new.json: architectures is [\"Mamba\"]");
    assertThat(run.getParent()).doesNotExist();
  }

  private List<JsonNode> heldOut() throws IOException {
    return Files.readAllLines(run.resolve("phase-01-base/metrics.jsonl")).stream()
        .map(Polyphase::parse)
        .filter(row -> row.has("eval_loss"))
        .toList();
  }

  private Polyphase.Ended polyphase(String... more) {
    String[] args = new String[4 + more.length];
    args[0] = "run";
    args[1] = folder.resolve("new.yaml").toString();
    args[2] = "--output";
    args[3] = folder.resolve("runs").toString();
    System.arraycopy(more, 0, args, 4, more.length);
    return Polyphase.execute(args);
  }
}
