package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Phases that end because a loss or a gradient is no number. */
class NoNumberTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String NORM = "model.norm.weight";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        " | the loss of step 1 is NaN; its rows are in FILE; the phase began with weights that hold NaN or infinity (model.layers.1.mlp.gate_proj.weight in BASE), which no setting mends; start from sound ones",
        "phases.one.eval_datasets=[{path: others.jsonl}] | the held-out loss before training is NaN; the phase began with weights that hold NaN or infinity (model.layers.1.mlp.gate_proj.weight in BASE), which no setting mends; start from sound ones",
      })
  void lossThatIsNoNumberEndsThePhase(@Nullable String setting, String sentence)
      throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    HandMadeTensors.ofFloats(
            Checkpoint.open(base),
            (name, values) -> {
              if (name.equals("model.layers.1.mlp.gate_proj.weight")) {
                values[3] = Float.NaN;
              }
            })
        .writeTo(base);
    SftRun run = new SftRun(folder, base, Set.of(UP)).withRows(12);
    RecordingListener heard = new RecordingListener();
    String[] settings = setting == null ? new String[0] : new String[] {setting};

    assertThatThrownBy(() -> run.train("result", heard, settings))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessage(
            "phase one: "
                + sentence
                    .replace("FILE", folder + "/failed-step.json")
                    .replace("BASE", base.toString()));
    assertThat(heard.rows).isEmpty();
    assertThat(folder.resolve("result")).doesNotExist();
    assertThat(folder.resolve("last-good")).doesNotExist();
  }

  @Test
  void manyWeightsAtFaultAreCounted() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    HandMadeTensors.ofFloats(
            Checkpoint.open(base),
            (name, values) -> {
              if (name.endsWith("up_proj.weight") || name.equals("lm_head.weight")) {
                values[values.length - 1] = Float.NEGATIVE_INFINITY;
              }
            })
        .writeTo(base);
    SftRun run = new SftRun(folder, base, Set.of(NORM)).withRows(12);

    assertThatThrownBy(() -> run.train("result", new RecordingListener()))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining(
            "(model.layers.0.mlp.up_proj.weight, model.layers.1.mlp.up_proj.weight, model.layers.2.mlp.up_proj.weight and 2 more tensors in ");
  }

  /**
   * The only step's own loss is that of the weights before it. No pipeline has a rate that ends in
   * infinity after one step, but a request may.
   */
  @Test
  void heldOutLossThatIsNoNumberAfterTheLastStepEndsThePhase() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP, NORM).withRows(12);
    Set<String> before = FileNames.in(folder);

    PhaseRequest sane =
        run.request(
            "result",
            "phases.one.max_steps=1",
            "phases.one.learning_rate=1",
            "phases.one.eval_datasets=[{path: others.jsonl}]");
    PhaseRequest request =
        sane.from(
            new PhaseStart(
                sane.start().checkpoint(),
                sane.start().trainable(),
                Map.of(),
                Map.of("model.layers.2.mlp.up_proj", 1e38, "model.norm", 1e38),
                Optional.empty()));

    assertThatThrownBy(() -> SftRun.train(request, new RecordingListener()))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageMatching("phase one: the held-out loss of step 1 is (NaN|Infinity); .*");
    assertThat(FileNames.in(folder)).isEqualTo(before);
  }

  /**
   * All embeddings 0: every token has the loss ln(272), whose derivative overflows in the norms.
   */
  @Test
  void gradientThatIsNoNumberEndsThePhase() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Path config = base.resolve("config.json");
    Files.writeString(config, Files.readString(config).replace("1e-05", "1e-36"));
    HandMadeTensors.ofFloats(
            Checkpoint.open(base),
            (name, values) -> {
              if (name.equals("model.embed_tokens.weight")) {
                Arrays.fill(values, 0);
              }
              if (name.equals(NORM)) {
                values[3] = -4;
              }
            })
        .writeTo(base);
    SftRun run = new SftRun(folder, base, Set.of("model.embed_tokens.weight")).withRows(12);
    RecordingListener heard = new RecordingListener();

    assertThatThrownBy(() -> run.train("result", heard, "phases.one.max_steps=1"))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageMatching(
            "phase one: the gradients' norm of step 1 is (NaN|Infinity); its rows are in .*; nothing had been learned yet and every weight is finite, so that a value overflows on the way; look at these rows, at the config.json of .*tiny-llama, and at large weights \\(the largest, 4.00, is in model.norm.weight\\)");
    assertThat(heard.rows).isEmpty();
    assertThat(folder.resolve("result")).doesNotExist();
    JsonNode failedStep = new ObjectMapper().readTree(folder.resolve("failed-step.json").toFile());
    assertThat(failedStep.path("loss").doubleValue()).isCloseTo(Math.log(272), within(1e-3));
    assertThat(failedStep.path("grad_norm").textValue()).matches("NaN|Infinity");
  }
}
