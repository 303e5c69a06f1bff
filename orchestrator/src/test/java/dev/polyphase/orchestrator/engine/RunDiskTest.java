package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.orchestrator.SmallDisk;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.PreparedPhase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a run takes on its disk, against sums by hand. */
class RunDiskTest {
  /** A checkpoint is 300, a model 100 MiB, and 100 steps are logged one by one. */
  private static final long MIB = 1 << 20;

  private static final long OTHER = 128 * 1024 + 100 * 1024;
  private static final String PIPELINE =
      """
      name: disk
      base_model: tiny-llama
      defaults:
        learning_rate: 0.5
        max_steps: 100
        targeting: {method: full}
        datasets: [{path: a.jsonl}]
      phases:
        - {name: one, type: sft}
        - {name: two, type: sft}
      """;

  @TempDir Path folder;

  /** Checkpoints, of which there are three while the third is written, go with their phase. */
  @Test
  void theFullestMomentCounts() throws IOException {
    RunDisk disk = disk(PIPELINE, Start.BEGIN_OR_RESUME);

    assertThat(disk.neededBytes()).isEqualTo((100 * MIB + OTHER) + (3 * 300 + 100) * MIB + OTHER);
    assertThat(disk.phases()).extracting(DiskNeed::checkpoints).containsExactly(3L, 3L);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "save_total_limit: 1 | 2",
        "'save_total_limit: 0, save_steps: 0.2' | 5",
        "'save_steps: 30, save_minutes: 0, save_total_limit: 9' | 3",
        "'save_steps: 40, save_total_limit: 9' | 10",
        "save_minutes: 0 | 1",
        "'max_steps: 2, save_total_limit: 9' | 2",
      })
  void checkpointsAreAsManyAsThereCanBeAtOnce(String keys, long checkpoints) throws IOException {
    String yaml =
        PIPELINE.replace("{name: one, type: sft}", "{name: one, type: sft, " + keys + "}");

    assertThat(disk(yaml, Start.BEGIN_OR_RESUME).phases().get(0).checkpoints())
        .isEqualTo(checkpoints);
  }

  /** All of them stay where all are kept. */
  @Test
  void whatIsKeptIsThereInTheNextPhaseToo() throws IOException {
    String all = PIPELINE.replace("type: sft}", "type: sft, save_total_limit: 0, save_steps: 50}");

    assertThat(disk(all, Start.BEGIN_OR_RESUME).neededBytes())
        .isEqualTo(2 * ((2 * 300 + 100) * MIB + OTHER));
  }

  @Test
  void settingsThatWriteMoreAreCounted() throws IOException {
    String more =
        PIPELINE.replace(
            "{name: one, type: sft}",
            "{name: one, type: sft, loss_watchdog_threshold: 5.0, load_best_model_at_end: true,"
                + " eval_steps: 10, eval_datasets: [{path: a.jsonl}]}");

    DiskNeed need = disk(more, Start.BEGIN_OR_RESUME).phases().get(0);

    assertThat(need.lastGoodBytes()).isEqualTo(100 * MIB);
    // Ten million values in float32.
    assertThat(need.bestBytes()).isEqualTo(40_000_000);
    assertThat(need.peakBytes()).isEqualTo((3 * 300 + 2 * 100) * MIB + 40_000_000 + OTHER);
  }

  /** Ten tokens a step; it saves by its own steps, and by no minutes. */
  @Test
  void anotherEngineIsGivenRowsAndHandsTensorsBack() throws IOException {
    String engine =
        PIPELINE.replace("name: one,", "name: one, engine: {type: trl, checkpoint_steps: 50},");

    DiskNeed one = disk(engine, Start.BEGIN_OR_RESUME).phases().get(0);

    assertThat(one.checkpoints()).isEqualTo(2);
    assertThat(one.engineBytes()).isEqualTo(12 * 1000 + 4 * 10_000_000);
    assertThat(one.peakBytes()).isEqualTo((2 * 300 + 100) * MIB + one.engineBytes() + OTHER);
    assertThat(one.leftBytes()).isEqualTo(100 * MIB + OTHER);
    assertThat(one.parts()).contains(", rows and tensors of its engine of 38.2 MiB, ");
    assertThat(disk(engine, Start.BEGIN_OR_RESUME).phases().get(1).engineBytes()).isZero();
  }

  @Test
  void whatIsThereAlreadyIsNotNeededAgain() throws IOException {
    Path checkpoints = folder.resolve("runs/disk/phase-01-one/checkpoints/step-000010");
    Files.createDirectories(checkpoints);
    Files.write(checkpoints.resolve("a.safetensors"), new byte[3_000_000]);
    Files.write(checkpoints.resolveSibling("b"), new byte[500_000]);

    long begun = disk(PIPELINE, Start.BEGIN_OR_RESUME).neededBytes();

    long fresh = disk(PIPELINE, Start.FRESH).neededBytes();
    assertThat(fresh - begun).isEqualTo(3_500_000);
  }

  @Test
  void whatCanNotFitIsRefusedBeforeAnythingIsWritten() throws IOException {
    Path disk = Files.createDirectory(folder.resolve("disk"));
    try (SmallDisk small = SmallDisk.mount(disk, 4 * MIB)) {
      EngineRuns runs = new EngineRuns(disk);

      assertThatThrownBy(() -> runs.run(PIPELINE, Start.BEGIN_OR_RESUME, writing()))
          .isInstanceOf(InputException.class)
          .hasMessageMatching(
              "\\Q%s/runs/disk\\E needs 1\\.07 GiB more on its disk, which has [23]\\.\\d MiB free: phase"
                      .formatted(disk)
                  + " one writes 3 checkpoints of 300\\.0 MiB, a model of 100\\.0 MiB, scans, logs"
                  + " and report of 0\\.2 MiB; phase two writes .*; make room, choose another disk"
                  + " with --output, or set save_total_limit: 1");

      assertThat(small.root().resolve("runs")).doesNotExist();
    }
  }

  private RunDisk disk(String yaml, Start start) throws IOException {
    Pipeline pipeline = PipelineReader.parse(yaml, "p.yaml", List.of());
    Files.writeString(folder.resolve("a.jsonl"), "{\"text\": \"a\"}\n");
    RunRequest request = new RunRequest(pipeline, folder, folder.resolve("runs"), start);
    List<PlannedPhase> phases =
        pipeline.phases().stream()
            .map(
                phase ->
                    new PlannedPhase(
                        phase,
                        ExpectedTarget.none(),
                        plan(phase.length().maxSteps().orElseThrow())))
            .toList();
    return RunDisk.of(request, phases);
  }

  private static PhaseTrainer writing() {
    return (request, listener) -> {
      PreparedPhase adding = new AddingTrainer().prepare(request, listener);
      return new AddingTrainer.Otherwise(plan(adding.plan().steps()), adding::train);
    };
  }

  private static PhasePlan plan(long steps) {
    PhasePlan adding = AddingTrainer.plan(steps, 10_000_000);
    return new PhasePlan(
        adding.data(),
        adding.heldOut(),
        List.of(),
        Map.of(),
        adding.epoch(),
        adding.ends(),
        adding.slots(),
        adding.steps(),
        adding.rescans(),
        adding.totalTokens(),
        adding.reach(),
        adding.trainedValues(),
        adding.modelValues(),
        adding.compute(),
        adding.memory(),
        adding.deviceNeeds(),
        adding.share(),
        300 * MIB,
        100 * MIB,
        null);
  }
}
