package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.DOWN;
import static dev.polyphase.phases.training.TensorNames.EMBEDDING;
import static dev.polyphase.phases.training.TensorNames.HEAD;
import static dev.polyphase.phases.training.TensorNames.KEY;
import static dev.polyphase.phases.training.TensorNames.QUERY;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What phases that move show, keep and save, and that nothing else of theirs stays. */
class RescanFilesTest {
  private static final Set<String> FIRST = Set.of(UP, QUERY, HEAD);

  @TempDir Path folder;
  private SixRows model = new SixRows(Path.of(""), Path.of(""));

  @BeforeEach
  void files() {
    model = SixRows.of(folder, Fixture.LLAMA);
  }

  /** A decision sees what a phase that ends there would save, at each of them. */
  @ParameterizedTest
  @CsvSource({"float32, F32", "bfloat16, BF16"})
  void aDecisionSeesTheWeightsAsTheyWouldBeSaved(String dtype, ElementType type)
      throws IOException {
    SftRun run = model.run(type, FIRST);
    List<Set<String>> sets = List.of(Set.of(UP, DOWN), Set.of(KEY, QUERY), FIRST);
    Map<Long, Map<String, byte[]>> seen = new HashMap<>();
    Moves moves = new Moves(sets);
    Retargeting looking =
        new Retargeting(
            new RescanEvery.Steps(1),
            FIRST,
            (weights, step) -> {
              Map<String, byte[]> tensors = new HashMap<>();
              for (TensorInfo tensor : weights.tensors()) {
                assertThat(tensor.type()).isEqualTo(type);
                tensors.put(tensor.name(), TensorValues.bytes(tensor));
              }
              seen.put(step, tensors);
              return moves.of(weights, step);
            });
    run.train(
        "moved", new RecordingListener(), looking, "dtype=" + dtype, "phases.one.max_steps=5");

    assertThat(seen.keySet()).containsExactlyInAnyOrder(1L, 2L, 3L, 4L);
    for (long step : seen.keySet()) {
      run.train(
          "of-" + step,
          new RecordingListener(),
          new Moves(sets).every(1),
          "dtype=" + dtype,
          "phases.one.max_steps=" + step);
      for (TensorInfo tensor : Checkpoint.open(folder.resolve("of-" + step)).tensors()) {
        assertThat(seen.get(step).get(tensor.name()))
            .as("%s after %d", tensor.name(), step)
            .isEqualTo(TensorValues.bytes(tensor));
      }
    }
  }

  /** Tensors left before the best evaluation, and others leave and enter after it. */
  @ParameterizedTest
  @CsvSource({"float32, F32", "bfloat16, BF16"})
  void theBestWeightsAreThoseOfAPhaseThatEndsThere(String dtype, ElementType type)
      throws IOException {
    SftRun run = model.run(type, FIRST);
    List<Set<String>> sets =
        List.of(Set.of(UP, DOWN), Set.of(KEY, HEAD), Set.of(QUERY, EMBEDDING, DOWN));
    String[] settings = {
      "phases.one.max_steps=16",
      "dtype=" + dtype,
      "phases.one.val_set_size=2",
      "phases.one.eval_steps=2",
      "phases.one.learning_rate=1.5e-2"
    };
    RecordingListener heard = new RecordingListener();
    String[] choosing = Arrays.copyOf(settings, settings.length + 1);
    choosing[settings.length] = "phases.one.load_best_model_at_end=true";
    run.train("best", heard, new Moves(sets).every(3), choosing);

    MetricsRow lowest = null;
    for (MetricsRow row : heard.rows) {
      if (row.values().containsKey("eval_loss")
          && (lowest == null || evalLoss(row) < evalLoss(lowest))) {
        lowest = row;
      }
    }
    // At least one rescan before it, two after it.
    assertThat(lowest.step()).isBetween(4L, 11L);
    settings[0] = "phases.one.max_steps=" + lowest.step();
    run.train("ends-there", new RecordingListener(), new Moves(sets).every(3), settings);
    SavedModels.assertSame(folder.resolve("best"), folder.resolve("ends-there"));
    assertThat(heard.notes).last().asString().contains("after step " + lowest.step());
  }

  /** The model before a step that fails has the values of what left long before. */
  @Test
  void theLastGoodModelIsThatOfAPhaseThatEndsThere() throws IOException {
    // No row has this token but the last.
    PoisonedToken.put(254, model.base());
    SftRun run = model.run(ElementType.BF16, Set.of(UP, QUERY));
    List<Set<String>> sets = List.of(Set.of(UP, DOWN), Set.of(KEY));
    String[] settings = {"dtype=bfloat16", "phases.one.max_steps=6"};
    List<String> rows = new ArrayList<>(Files.readAllLines(folder.resolve("rows.jsonl")));
    rows.replaceAll(row -> row.replace(" 254,", " 1,"));
    rows.set(5, "{\"input_ids\": [1, 254, 3, 4], \"labels\": [1, 254, 3, 4]}");
    Files.write(folder.resolve("rows.jsonl"), rows);

    assertThatThrownBy(
            () -> run.train("result", new RecordingListener(), new Moves(sets).every(2), settings))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("the model of step 5");

    settings[1] = "phases.one.max_steps=5";
    Path kept = Files.move(folder.resolve("last-good"), folder.resolve("kept"));
    run.train("shorter", new RecordingListener(), new Moves(sets).every(2), settings);
    SavedModels.assertSame(kept, folder.resolve("shorter"));
    assertThat(weightFiles()).isEmpty();
  }

  @Test
  void oneFileOfWeightsAtATimeAndNoneInTheEnd() throws IOException {
    SftRun run = model.run(ElementType.F32, Set.of(UP));
    Set<String> expected = new HashSet<>(FileNames.in(folder));
    expected.add("result");
    List<Set<String>> whileTraining = new ArrayList<>();
    RecordingListener looking =
        new RecordingListener() {
          @Override
          public void metrics(MetricsRow row) {
            whileTraining.add(weightFiles());
          }
        };

    run.train(
        "result",
        looking,
        new Moves(List.of(Set.of(DOWN), Set.of(UP))).every(2),
        "phases.one.max_steps=6");

    assertThat(whileTraining)
        .containsExactly(
            Set.of(),
            Set.of(),
            Set.of("rescan-000002.safetensors"),
            Set.of("rescan-000002.safetensors"),
            Set.of("rescan-000004.safetensors"),
            Set.of("rescan-000004.safetensors"));
    assertThat(FileNames.in(folder)).isEqualTo(expected);
  }

  /** As where a scan is stopped by a signal. */
  @Test
  void aDecisionMayEndThePhase() throws IOException {
    SftRun run = model.run(ElementType.F32, Set.of(UP));
    Set<String> before = new TreeSet<>(FileNames.in(folder));
    Retargeting stopped =
        new Retargeting(
            new RescanEvery.Steps(1),
            Set.of(UP),
            (weights, step) -> {
              throw new InterruptedTrainingException(step);
            });

    assertThatThrownBy(() -> run.train("result", new RecordingListener(), stopped))
        .isInstanceOf(InterruptedTrainingException.class);
    before.add("checkpoints");
    assertThat(FileNames.in(folder)).isEqualTo(before);
  }

  private static double evalLoss(MetricsRow row) {
    return row.values().get("eval_loss").doubleValue();
  }

  private Set<String> weightFiles() {
    try {
      Set<String> files = new HashSet<>(FileNames.in(folder));
      files.removeIf(name -> !name.contains("safetensors"));
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
