package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.RescanEvery;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Moves of phases with {@code sample_packing}. The rows fill three sequences of 64: an epoch is
 * three steps, not eight.
 */
class PackedRescansTest {
  private static final String PACKED = "phases.one.sample_packing=true";
  private static final Set<String> FIRST = Set.of("model.layers.2.mlp.up_proj.weight");
  private static final Set<String> THEN =
      Set.of("model.layers.1.mlp.down_proj.weight", "lm_head.weight");
  private static final int[] LENGTHS = {40, 2, 17, 3, 28, 9, 5, 33};

  @TempDir Path folder;
  private Path base = Path.of("");

  @BeforeEach
  void model() {
    base = Fixture.LLAMA.copyTo(folder);
  }

  @Test
  void aDecisionForTheSameTensorsChangesNothing() throws IOException {
    SftRun run = run(base, FIRST);
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
    run(base, FIRST)
        .train(
            "moved",
            heard,
            new Moves(List.of(THEN, FIRST)).every(new RescanEvery.Epoch()),
            PACKED,
            "phases.one.max_steps=9");

    List<Double> losses = new ArrayList<>();
    Path from = base;
    for (Set<String> trained : List.of(FIRST, THEN, FIRST)) {
      String name = "after-" + losses.size();
      RecordingListener own = new RecordingListener();
      run(from, trained).train(name, own, PACKED, "phases.one.max_steps=3");
      Arrays.stream(own.series("loss")).forEach(losses::add);
      from = folder.resolve(name);
    }

    SavedModels.assertSame(folder.resolve("moved"), from);
    assertThat(heard.series("loss")).containsExactly(losses.toArray(Double[]::new));
  }

  private SftRun run(Path from, Set<String> trained) throws IOException {
    return new SftRun(folder, from, trained).withRows(LENGTHS);
  }
}
