package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.DOWN;
import static dev.polyphase.phases.training.TensorNames.HEAD;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.RescanEvery;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Moves of phases with {@code sample_packing}. The rows fill three sequences of 64: an epoch is
 * three steps, not eight.
 */
class PackedRescansTest {
  private static final String PACKED = "phases.one.sample_packing=true";
  private static final Set<String> FIRST = Set.of(UP);
  private static final Set<String> THEN = Set.of(DOWN, HEAD);
  private static final int[] LENGTHS = {40, 2, 17, 3, 28, 9, 5, 33};

  @TempDir Path folder;

  @Test
  void aDecisionForTheSameTensorsChangesNothing() throws IOException {
    SftRun run = run();
    String[] settings = {PACKED, "phases.one.shuffle=true", "phases.one.max_steps=8"};
    RecordingListener plain = new RecordingListener();
    RecordingListener moved = new RecordingListener();
    Moves moves = new Moves(List.of(FIRST));

    PhaseResult without = run.train("plain", plain, settings);
    PhaseResult with = run.train("moved", moved, moves.every(new RescanEvery.Epoch()), settings);

    assertThat(moves.steps).containsExactly(3L, 6L);
    assertThat(moved.figures()).isEqualTo(plain.figures()).hasSize(8);
    assertThat(with.tokens()).isEqualTo(without.tokens());
    SavedModels.assertSame(folder.resolve("moved"), folder.resolve("plain"));
  }

  /** Each of one epoch, from what the one before it saved. */
  @Test
  void anEpochEachOfPhasesOneAfterTheOtherIsTheSame() throws IOException {
    RecordingListener heard = new RecordingListener();
    SftRun run = run();
    run.train(
        "moved",
        heard,
        new Moves(List.of(THEN, FIRST)).every(new RescanEvery.Epoch()),
        PACKED,
        "phases.one.max_steps=9");

    List<String> rows = Files.readAllLines(folder.resolve("rows.jsonl"));
    new PhasesInTurn(run.base(), List.of(FIRST, THEN, FIRST), Collections.nCopies(3, rows))
        .assertSame(folder.resolve("moved"), heard, PACKED, "phases.one.max_steps=3");
  }

  private SftRun run() throws IOException {
    return SftRun.ofLlama(folder, UP).withRows(LENGTHS);
  }
}
