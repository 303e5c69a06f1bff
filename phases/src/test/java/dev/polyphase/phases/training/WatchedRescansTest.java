package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.DOWN;
import static dev.polyphase.phases.training.TensorNames.KEY;
import static dev.polyphase.phases.training.TensorNames.QUERY;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.TrainingFailedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Phases that move every second step and end where their loss stays high. */
class WatchedRescansTest {
  private static final List<Set<String>> SETS =
      List.of(Set.of(DOWN), Set.of(QUERY), Set.of(KEY, UP));

  /** So small that no row's loss leaves its place among the others. */
  private static final String RATE = "phases.one.learning_rate=1e-6";

  @TempDir Path folder;

  /** Steps 5 to 7 are high; between them, after step 6, the phase moves once more. */
  @Test
  void whatIsKeptIsTheModelBeforeTheLossRoseWithAllThatHadLeft() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP);
    double threshold = RowsByLoss.write(run, "0000111");
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
      assertThat(SavedModels.values(kept, left))
          .as(left)
          .isNotEqualTo(SavedModels.values(run.base(), left));
    }
    for (String later : List.of(QUERY, KEY)) {
      assertThat(SavedModels.values(kept, later))
          .as(later)
          .isEqualTo(SavedModels.values(run.base(), later));
    }
    assertThat(folder.resolve("result")).doesNotExist();
  }

  /** Steps 3 and 4 are high, a rescan comes after the first suspicion, and then it is over. */
  @Test
  void aLossThatComesDownAgainLeavesNothing() throws IOException {
    SftRun run = SftRun.ofLlama(folder, UP);
    double threshold = RowsByLoss.write(run, "001100");
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
    Files.createDirectory(folder.resolve("alone"));
    run.train("alone/model", new RecordingListener(), new Moves(SETS).every(2), settings);

    assertThat(kept).containsExactly(false, false, true, true, false, false);
    SavedModels.assertSame(folder.resolve("watched"), folder.resolve("alone/model"));
  }
}
