package dev.polyphase.dpo;

import static dev.polyphase.fixtures.SameBytes.assertSameBytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.RescanEvery;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A phase that moves to other tensors after its third step; its reference does not move. */
class DpoRescansTest {
  private static final double BETA = 0.1;
  private static final int MOVE = 3;
  private static final String[] SETTINGS = {
    "phases.one.eval_steps=1", "phases.one.max_steps=5", "phases.one.dpo.beta=" + BETA
  };
  private static final Set<String> THEN =
      Set.of("model.layers.2.mlp.down_proj.weight", "lm_head.weight");

  @TempDir Path folder;
  private DpoRun run = new DpoRun(Path.of(""), Path.of(""));

  @BeforeEach
  void files() throws IOException {
    run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder)).withPairs(20);
  }

  @Test
  void aDecisionForTheSameTensorsChangesNothing() throws IOException {
    RecordingListener plain = train("plain", Optional.empty());
    RecordingListener moved = train("moved", Optional.of(DpoRun.TRAINED));

    assertThat(moved.figures()).isEqualTo(plain.figures()).hasSize(5 + 6);
    assertSameBytes(
        folder.resolve("moved/model.safetensors"), folder.resolve("plain/model.safetensors"));
  }

  @Test
  void upToTheMoveItIsThePhaseThatDoesNotMove() throws IOException {
    List<Map<String, Number>> plain = train("plain", Optional.empty()).figures();
    List<Map<String, Number>> moved = train("moved", Optional.of(THEN)).figures();

    // An evaluation before, and a step and an evaluation each.
    int until = 1 + 2 * MOVE;
    assertThat(moved.subList(0, until)).isEqualTo(plain.subList(0, until));
    // The loss of the step after the move is still of the same weights, what follows is not.
    assertThat(moved.get(until).get("loss")).isEqualTo(plain.get(until).get("loss"));
    assertThat(moved.get(until).get("grad_norm")).isNotEqualTo(plain.get(until).get("grad_norm"));
    assertThat(moved.get(until + 1).get("eval_loss"))
        .isNotEqualTo(plain.get(until + 1).get("eval_loss"));
  }

  /**
   * A reward is {@code beta} times what a log-probability has gained since the phase began, when
   * the policy was the reference: means over the held-out pairs tell it of every evaluation.
   */
  @Test
  void theReferenceStaysThatOfThePhasesBeginning() throws IOException {
    List<MetricsRow> evaluations =
        train("moved", Optional.of(THEN)).rows.stream()
            .filter(row -> row.values().containsKey("eval_loss"))
            .toList();

    assertThat(evaluations).extracting(MetricsRow::step).containsExactly(0L, 1L, 2L, 3L, 4L, 5L);
    for (MetricsRow row : evaluations) {
      for (String side : List.of("chosen", "rejected")) {
        String logps = "eval_logps/" + side;
        double gained = figure(row, logps) - figure(evaluations.get(0), logps);
        assertThat(figure(row, "eval_rewards/" + side))
            .as("%s after step %d", side, row.step())
            .isCloseTo(BETA * gained, within(1e-5));
      }
    }
    // Or the bound would say nothing.
    MetricsRow atTheMove = evaluations.get(MOVE);
    assertThat(Math.abs(figure(atTheMove, "eval_rewards/chosen"))).isGreaterThan(1e-3);
  }

  private static double figure(MetricsRow row, String name) {
    return row.values().get(name).doubleValue();
  }

  private RecordingListener train(String result, Optional<Set<String>> then) throws IOException {
    return run.train(result, then.map(DpoRescansTest::once), SETTINGS);
  }

  private static Retargeting once(Set<String> then) {
    return new Retargeting(
        new RescanEvery.Steps(MOVE),
        then,
        (weights, step) -> new Retargeting.Target(then, Map.of()));
  }
}
