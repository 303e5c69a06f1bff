package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.prepared.TemporaryRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phases that end at a step whose update must not be made. */
class FailedPhaseTest {
  private static final String NORM = "model.norm.weight";
  private static final int POISON = 255;

  @TempDir Path folder;

  @Test
  void aPoisonedRowIsNamedAndTheModelBeforeItKept() throws IOException {
    SftRun run = poisonedLlama();
    // Two rows a step; a blank line is no row.
    write(row(1), "", row(2), row(3), row(POISON), row(4));
    String[] settings = {"phases.one.max_steps=5", "phases.one.gradient_accumulation_steps=2"};
    RecordingListener heard = new RecordingListener();

    TrainingFailedException failure = failure(run, heard, settings);

    Path failedStep = folder.resolve("failed-step.json");
    assertThat(failure)
        .hasMessage(
            "phase one: the loss of step 2 is NaN; its rows are in %s, and the model of step 1 in %s;"
                    .formatted(failedStep, folder.resolve("last-good"))
                + " the phase began with weights that hold NaN or infinity (model.embed_tokens.weight in %s), which no setting mends; start from sound ones"
                    .formatted(run.base()));
    JsonNode json = new ObjectMapper().readTree(failedStep.toFile());
    assertThat(json.path("step").longValue()).isEqualTo(2);
    assertThat(json.path("loss").textValue()).isEqualTo("NaN");
    assertThat(json.path("grad_norm").textValue()).isEqualTo("NaN");
    assertThat(lines(json)).containsExactly(4, 5);
    JsonNode sound = json.path("rows").get(0);
    JsonNode poisoned = json.path("rows").get(1);
    assertThat(sound.path("file").textValue()).isEqualTo(folder.resolve("rows.jsonl").toString());
    assertThat(sound.path("micro_batch").intValue()).isEqualTo(1);
    assertThat(sound.path("micro_batch_loss").doubleValue()).isBetween(4.0, 7.0);
    assertThat(poisoned.path("micro_batch").intValue()).isEqualTo(2);
    assertThat(poisoned.path("micro_batch_loss").textValue()).isEqualTo("NaN");
    assertThat(heard.series("step")).containsExactly(1);
    assertThat(folder.resolve("result")).doesNotExist();
    assertLastGoodIsTheModelOfStep(1, run, settings);
  }

  /** Nothing is trained again, and of the weights before the bad step there is one copy. */
  @Test
  void theNextAttemptGoesOnFromTheLastGoodStep() throws IOException {
    SftRun run = new SftRun(folder, Fixture.LLAMA.copyTo(folder), Set.of(UP, NORM));
    double threshold = RowsByLoss.write(run, "00001100");
    String[] settings = {
      "phases.one.max_steps=8",
      "phases.one.learning_rate=1e-6",
      "phases.one.loss_watchdog_threshold=" + threshold,
      "phases.one.loss_watchdog_patience=2"
    };
    failure(run, new RecordingListener(), settings);
    Set<String> kept = FileNames.in(folder);
    assertThat(folder.resolve("checkpoints").toFile().list()).containsExactly("step-000004");

    RecordingListener again = new RecordingListener();
    failure(run, again, settings);
    assertThat(again.keptRows()).isEqualTo(4);
    assertThat(again.series("step")).containsExactly(5);
    assertThat(FileNames.in(folder)).isEqualTo(kept);

    RecordingListener patient = new RecordingListener();
    settings[3] = "phases.one.loss_watchdog_patience=3";
    run.train("result", patient, settings);
    assertThat(patient.series("step")).containsExactly(5, 6, 7, 8);
    assertThat(folder.resolve("result")).isDirectory();
  }

  @Test
  void aMicroBatchWithoutTargetsHasItsPlaceAmongTheOthers() throws IOException {
    SftRun run = poisonedLlama();
    write(row(1), row(POISON), row(2));
    DjlPhaseTrainer trainer =
        new DjlPhaseTrainer(
            new FirstRowSilent(NextToken.source(TemporaryRows.reader())),
            device -> OptionalLong.empty());

    PhaseRequest request = run.request("result", "phases.one.gradient_accumulation_steps=3");
    assertThatThrownBy(() -> SftRun.train(trainer, request, new RecordingListener()))
        .isInstanceOf(TrainingFailedException.class);

    JsonNode json = new ObjectMapper().readTree(folder.resolve("failed-step.json").toFile());
    assertThat(lines(json)).containsExactly(1, 2, 3);
    assertThat(json.at("/rows/0/micro_batch_loss").doubleValue()).isZero();
    assertThat(json.at("/rows/1/micro_batch_loss").textValue()).isEqualTo("NaN");
    assertThat(json.at("/rows/2/micro_batch_loss").doubleValue()).isBetween(4.0, 7.0);
  }

  @Test
  void rowsOfAPackedSequenceAreNamedOneByOne() throws IOException {
    SftRun run = poisonedLlama();
    // Two sequences of 24 tokens; unshuffled they come in the order of their first rows.
    write(row(1), row(2), row(POISON), row(4));

    failure(
        run,
        new RecordingListener(),
        "phases.one.sample_packing=true",
        "phases.one.sequence_len=24");

    JsonNode json = new ObjectMapper().readTree(folder.resolve("failed-step.json").toFile());
    assertThat(json.path("step").longValue()).isEqualTo(2);
    assertThat(lines(json)).containsExactly(3, 4);
  }

  @Test
  void lossThatStaysHighEndsThePhaseWithTheModelBeforeItRose() throws IOException {
    SftRun run = new SftRun(folder, Fixture.LLAMA.copyTo(folder), Set.of(UP, NORM));
    double threshold = RowsByLoss.write(run, "0000110111");
    String[] settings = {"phases.one.max_steps=10", "phases.one.learning_rate=1e-6"};

    TrainingFailedException failure =
        failure(
            run,
            new RecordingListener(),
            settings[0],
            settings[1],
            "phases.one.loss_watchdog_threshold=" + threshold);

    // Two high losses and a low one are forgiven.
    assertThat(failure)
        .hasMessageMatching(
            "phase one: the loss of step 10 is \\d\\.\\d{3}, above loss_watchdog_threshold \\Q%s\\E like those of the 2 before; its rows are in .*, and the model of step 7 in .*"
                .formatted(threshold));
    JsonNode json = new ObjectMapper().readTree(folder.resolve("failed-step.json").toFile());
    assertThat(lines(json)).containsExactly(10);
    assertThat(json.path("loss").doubleValue()).isGreaterThan(threshold);
    assertThat(json.path("grad_norm").doubleValue()).isPositive();
    assertLastGoodIsTheModelOfStep(7, run, settings);
  }

  @Test
  void patienceOfOneEndsThePhaseAtOnce() throws IOException {
    SftRun run = new SftRun(folder, Fixture.LLAMA.copyTo(folder), Set.of(UP));
    double threshold = RowsByLoss.write(run, "0100");
    String[] settings = {"phases.one.max_steps=4", "phases.one.learning_rate=1e-6"};

    failure(
        run,
        new RecordingListener(),
        settings[0],
        settings[1],
        "phases.one.loss_watchdog_threshold=" + threshold,
        "phases.one.loss_watchdog_patience=1");

    assertLastGoodIsTheModelOfStep(1, run, settings);
  }

  /** The last step's loss is high, but there are not enough of them. */
  @Test
  void aPhaseThatEndsUnderSuspicionLeavesItsResultAlone() throws IOException {
    SftRun run = new SftRun(folder, Fixture.LLAMA.copyTo(folder), Set.of(UP));
    double threshold = RowsByLoss.write(run, "0011");

    run.train(
        "result",
        new RecordingListener(),
        "phases.one.max_steps=4",
        "phases.one.learning_rate=1e-6",
        "phases.one.loss_watchdog_threshold=" + threshold);

    assertThat(folder.resolve("result")).isDirectory();
    assertThat(folder.resolve("last-good")).doesNotExist();
    assertThat(folder.resolve("failed-step.json")).doesNotExist();
  }

  private SftRun poisonedLlama() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    PoisonedToken.put(POISON, base);
    return new SftRun(folder, base, Set.of(UP, NORM));
  }

  /** Twelve tokens. */
  private static String row(int token) {
    int[] ids = IntStream.range(0, 12).map(i -> i % 3 == 0 ? token : 10 * i).toArray();
    return "{\"input_ids\": %s, \"labels\": %1$s}".formatted(Arrays.toString(ids));
  }

  private void write(String... rows) throws IOException {
    Files.write(folder.resolve("rows.jsonl"), List.of(rows));
  }

  private TrainingFailedException failure(SftRun run, RecordingListener heard, String... settings) {
    return catchThrowableOfType(
        TrainingFailedException.class, () -> run.train("result", heard, settings));
  }

  private static List<Integer> lines(JsonNode failedStep) {
    List<Integer> lines = new ArrayList<>();
    failedStep.path("rows").forEach(row -> lines.add(row.path("line").intValue()));
    return lines;
  }

  /** A phase of so many steps, with nobody watching, writes the same files. */
  private void assertLastGoodIsTheModelOfStep(int step, SftRun run, String... settings)
      throws IOException {
    Path kept = Files.move(folder.resolve("last-good"), folder.resolve("kept"));
    String[] shorter = settings.clone();
    shorter[0] = "phases.one.max_steps=" + step;
    run.train("shorter", new RecordingListener(), shorter);
    for (String file : List.of("model.safetensors", "config.json", "tokenizer.json")) {
      assertThat(kept.resolve(file))
          .hasBinaryContent(Files.readAllBytes(folder.resolve("shorter").resolve(file)));
    }
  }
}
