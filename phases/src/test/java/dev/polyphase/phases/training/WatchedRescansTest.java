package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phases that move every second step and end where their loss stays high. */
class WatchedRescansTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String DOWN = "model.layers.1.mlp.down_proj.weight";
  private static final String QUERY = "model.layers.3.self_attn.q_proj.weight";
  private static final String KEY = "model.layers.0.self_attn.k_proj.weight";
  private static final List<Set<String>> SETS =
      List.of(Set.of(DOWN), Set.of(QUERY), Set.of(KEY, UP));

  /** So small that no row's loss leaves its place among the others. */
  private static final String RATE = "phases.one.learning_rate=1e-6";

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void model() {
    base = Fixture.LLAMA.copyTo(folder);
  }

  /** Steps 5 to 7 are high; between them, after step 6, the phase moves once more. */
  @Test
  void whatIsKeptIsTheModelBeforeTheLossRoseWithAllThatHadLeft() throws IOException {
    SftRun run = new SftRun(folder, base, Set.of(UP));
    double threshold = writeLowAndHighRows(run, 4, 3);
    Moves moves = new Moves(SETS);

    assertThatThrownBy(
            () ->
                run.train(
                    "result",
                    new RecordingListener(),
                    moves.every(2),
                    RATE,
                    "phases.one.max_steps=7",
                    "phases.one.loss_watchdog_threshold=" + threshold))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessageContaining("the loss of step 7 is")
        .hasMessageContaining("the model of step 4 in");

    assertThat(moves.steps).containsExactly(2L, 4L, 6L);
    Path kept = Files.move(folder.resolve("last-good"), folder.resolve("kept"));
    run.train(
        "shorter",
        new RecordingListener(),
        new Moves(SETS).every(2),
        RATE,
        "phases.one.max_steps=4");
    SavedModels.assertSame(kept, folder.resolve("shorter"));
    for (String left : List.of(UP, DOWN)) {
      assertThat(values(kept, left)).as(left).isNotEqualTo(values(base, left));
    }
    for (String later : List.of(QUERY, KEY)) {
      assertThat(values(kept, later)).as(later).isEqualTo(values(base, later));
    }
    assertThat(folder.resolve("result")).doesNotExist();
  }

  /** Steps 3 and 4 are high, a rescan comes after the first suspicion, and then it is over. */
  @Test
  void aLossThatComesDownAgainLeavesNothing() throws IOException {
    SftRun run = new SftRun(folder, base, Set.of(UP));
    double threshold = writeLowAndHighRows(run, 4, 2);
    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    Files.write(
        folder.resolve("rows.jsonl"), IntStream.of(0, 1, 4, 5, 2, 3).mapToObj(rows::get).toList());
    String[] settings = {RATE, "phases.one.max_steps=6"};
    String[] watched = {
      RATE, "phases.one.max_steps=6", "phases.one.loss_watchdog_threshold=" + threshold
    };
    List<Boolean> kept = new ArrayList<>();
    RecordingListener looking =
        new RecordingListener() {
          @Override
          public void metrics(MetricsRow row) {
            kept.add(Files.exists(folder.resolve("last-good")));
          }
        };

    run.train("watched", looking, new Moves(SETS).every(2), watched);
    run.train("alone", new RecordingListener(), new Moves(SETS).every(2), settings);

    assertThat(kept).containsExactly(false, false, true, true, false, false);
    SavedModels.assertSame(folder.resolve("watched"), folder.resolve("alone"));
  }

  /**
   * Writes first the rows of which the untrained model has the lowest losses, then those with the
   * highest.
   *
   * @return a loss between the two
   */
  private double writeLowAndHighRows(SftRun run, int low, int high) throws IOException {
    int count = 2 * (low + high);
    run.withRows(IntStream.range(0, count).map(i -> 12).toArray());
    RecordingListener heard = new RecordingListener();
    run.train("losses", heard, "phases.one.learning_rate=1e-30", "phases.one.max_steps=" + count);
    double[] losses = heard.series("loss");
    int[] byLoss =
        IntStream.range(0, count)
            .boxed()
            .sorted(Comparator.comparing(i -> losses[i]))
            .mapToInt(Integer::intValue)
            .toArray();
    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    List<String> chosen = new ArrayList<>();
    Arrays.stream(byLoss).limit(low).forEach(row -> chosen.add(rows.get(row)));
    Arrays.stream(byLoss).skip(count - high).forEach(row -> chosen.add(rows.get(row)));
    Files.write(folder.resolve("rows.jsonl"), chosen);
    double between = (losses[byLoss[low]] + losses[byLoss[count - high - 1]]) / 2;
    return Double.parseDouble(String.format(Locale.ROOT, "%.6f", between));
  }

  private static float[] values(Path model, String tensor) throws IOException {
    return TensorValues.floats(Checkpoint.open(model).find(tensor).orElseThrow());
  }
}
