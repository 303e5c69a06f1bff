package dev.polyphase.phases.training;

import static dev.polyphase.phases.training.TensorNames.HEAD;
import static dev.polyphase.phases.training.TensorNames.KEY;
import static dev.polyphase.phases.training.TensorNames.QUERY;
import static dev.polyphase.phases.training.TensorNames.UP;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.weights.ElementType;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When phases move, and what is reckoned for that beforehand. */
class RescanPlanTest {
  private static final Set<String> FIRST = Set.of(UP, QUERY, HEAD);

  @TempDir Path folder;
  private SixRows model = new SixRows(Path.of(""), Path.of(""));

  @BeforeEach
  void files() {
    model = SixRows.of(folder, Fixture.LLAMA);
  }

  @ParameterizedTest
  @CsvSource({"18, 6 12", "19, 6 12 18", "6, ''"})
  void anEpochIsAPassOverTheRows(int steps, String expected) throws IOException {
    SftRun run = model.run(ElementType.F32, FIRST);
    Moves moves = new Moves(List.of(FIRST));
    String[] settings = {"phases.one.max_steps=" + steps};

    run.train("result", new RecordingListener(), moves.every(new RescanEvery.Epoch()), settings);

    assertThat(moves.steps.stream().map(String::valueOf).collect(Collectors.joining(" ")))
        .isEqualTo(expected);
    String[] planned = {
      settings[0], "phases.one.targeting={top_percent: 50}", "phases.one.rescan_every=epoch"
    };
    assertThat(run.check(planned).rescans()).isEqualTo(moves.steps.size());
  }

  @Test
  void aPhaseThatEndsEarlyIsNotScannedAgain() throws IOException {
    SftRun run = model.run(ElementType.F32, Set.of(UP));
    Moves moves = new Moves(List.of(Set.of(UP)));

    PhaseResult result =
        run.train(
            "result",
            new RecordingListener(),
            moves.every(2),
            "phases.one.max_steps=40",
            "phases.one.val_set_size=2",
            "phases.one.eval_steps=2",
            "phases.one.learning_rate=1",
            "phases.one.early_stopping_patience=1");

    assertThat(result.steps()).isLessThan(40);
    assertThat(moves.steps).doesNotContain(result.steps()).hasSize((int) result.steps() / 2 - 1);
  }

  /** Whatever is chosen first, memory is reckoned for the most that may be chosen. */
  @Test
  void memoryIsReckonedForTheStandIn() throws IOException {
    SftRun last = model.run(ElementType.F32, Set.of(QUERY));
    SftRun most = new SftRun(folder, model.base(), Set.of(KEY, UP, HEAD));
    String[] settings = {"device=[cpu, cpu]", "phases.one.gradient_checkpointing=false"};

    PhaseRequest moving =
        last.request(
            "result",
            new Retargeting(new RescanEvery.Steps(1), most.trained(), (weights, step) -> null),
            settings);

    PhasePlan moved = SftRun.check(moving);
    PhasePlan plain = most.check(settings);
    assertThat(moved.memory()).isEqualTo(plain.memory());
    assertThat(moved.deviceNeeds()).isEqualTo(last.check(settings).deviceNeeds());
    assertThat(moved.memory()).isNotEqualTo(last.check(settings).memory());
    assertThat(moved.trainedValues()).isEqualTo(64 * 64);
  }
}
