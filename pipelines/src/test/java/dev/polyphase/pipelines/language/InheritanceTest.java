package dev.polyphase.pipelines.language;

import static dev.polyphase.pipelines.language.RestatedDefaults.HEAD_AND_EMBEDDINGS;
import static dev.polyphase.pipelines.language.RestatedDefaults.MODEL_PROJECTIONS;
import static dev.polyphase.pipelines.language.RestatedDefaults.SIGMOID;
import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.LossWatchdog;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.TrainingEngine;
import dev.polyphase.pipelines.TrainingEngine.Launch;
import dev.polyphase.pipelines.Warmup;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What phases have from the pipeline's defaults and from anchors, on files in {@code valid}. */
class InheritanceTest {
  /** What has no effect may be inherited. */
  @Test
  void watchdogsAndRatesAreInheritedByPhasesThatHaveNoUseForThem() throws IOException {
    List<Phase> phases = read("watchdog-in-defaults").phases();

    assertThat(phases.get(0).monitoring().lossWatchdog()).isEmpty();
    assertThat(phases.get(0).learningRates().bySnr()).isEmpty();
    assertThat(phases.get(1).monitoring().lossWatchdog()).contains(new LossWatchdog(3, 5));
    assertThat(phases.get(1).learningRates().bySnr())
        .contains(new LrBySnr(LrBySnr.Scale.LOG, 0.5, 2));
  }

  @Test
  void rescansAreInheritedByPhasesThatHaveNoUseForThem() throws IOException {
    assertThat(read("rescans").phases())
        .extracting(phase -> phase.trained().rescanEvery())
        .containsExactly(
            Optional.of(new RescanEvery.Epoch()),
            Optional.of(new RescanEvery.Steps(1000)),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            Optional.empty());
  }

  @Test
  void inheritsDeeplyAndReplacesListsAndScalars() throws IOException {
    List<Phase> phases = read("inheritance").phases();

    Phase asIs = phases.get(0);
    assertThat(asIs.trained().targeting())
        .isEqualTo(new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()));
    assertThat(asIs.datasets())
        .extracting(Dataset::path)
        .containsExactly("shared.jsonl", "more.jsonl");
    assertThat(asIs.batch().sequenceLen()).isEqualTo(512);
    assertThat(asIs.learningRates().warmup()).isEqualTo(new Warmup.Ratio(0.03));
    assertThat(asIs.batch().shuffle()).isFalse();
    assertThat(asIs.dpo()).as("an inherited dpo block passes sft by").isEqualTo(SIGMOID);

    Phase deep = phases.get(1);
    assertThat(deep.trained().targeting())
        .isEqualTo(new Targeting.Snr(10, MODEL_PROJECTIONS, List.of()));
    assertThat(deep.dpo().beta()).isEqualTo(0.4);
    assertThat(deep.dpo().reference()).isEqualTo(new Reference.Shared());

    Phase replaced = phases.get(2);
    assertThat(replaced.trained().targeting()).isEqualTo(new Targeting.Full());
    assertThat(replaced.datasets()).extracting(Dataset::path).containsExactly("own.jsonl");
    assertThat(replaced.batch().sequenceLen()).as("the other spelling's key").isEqualTo(64);
    assertThat(replaced.learningRates().warmup()).isEqualTo(new Warmup.Steps(10));
    assertThat(replaced.length().numEpochs()).as("null takes back what is inherited").isEmpty();
    assertThat(replaced.length().maxSteps()).hasValue(5);
    assertThat(replaced.batch().shuffle()).as("nothing after the colon is null").isTrue();
  }

  @Test
  void adaptersOfPhasesAndDefaults() throws IOException {
    List<Phase> phases = read("adapters").phases();
    Adapter inherited = new Adapter(Adapter.Type.LORA, 4, 32, 0, Adapter.Save.PEFT);
    assertThat(phases)
        .extracting(phase -> phase.trained().adapter())
        .containsExactly(
            Optional.of(inherited),
            Optional.of(new Adapter(Adapter.Type.LORA, 64, 32, 0, Adapter.Save.PEFT)),
            Optional.of(new Adapter(Adapter.Type.LORA, 4, 8, 0, Adapter.Save.PEFT)),
            Optional.empty(),
            Optional.empty(),
            Optional.of(inherited));
  }

  /** Trained whole they would be most of what a phase with adapters trains. */
  @Test
  void besideAnAdapterHeadAndEmbeddingsAreTrainedOnlyWhereThatIsWritten() throws IOException {
    assertThat(read("adapters").phases())
        .extracting(phase -> phase.trained().targeting())
        .containsExactly(
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()),
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()),
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()),
            new Targeting.Full(),
            new Targeting.Snr(25, MODEL_PROJECTIONS, HEAD_AND_EMBEDDINGS),
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of("lm_head")));
    assertThat(read("ends-in-defaults").phases())
        .extracting(phase -> phase.trained().targeting())
        .containsExactly(
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of("embed_tokens")),
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()),
            new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()));
  }

  @Test
  void enginesOfPhasesAndOfThePipeline() throws IOException {
    TrainingEngine inherited =
        engine(Optional.of("/venv/bin/python"), 2, 8, new Launch.Slurm(), Optional.empty(), 1800);
    assertThat(inherited.worldSize()).isEqualTo(16);
    assertThat(read("engines").phases())
        .extracting(Phase::engine)
        .containsExactly(
            Optional.of(inherited),
            Optional.of(
                engine(inherited.python(), 2, 4, new Launch.Slurm(), Optional.empty(), 0.5)),
            Optional.empty(),
            Optional.empty(),
            Optional.of(
                engine(
                    inherited.python(),
                    2,
                    8,
                    new Launch.Command("start {driver} {\"job\": \"{job}\"}"),
                    Optional.of("end it"),
                    1800)),
            Optional.of(
                engine(inherited.python(), 1, 8, new Launch.Local(), Optional.empty(), 1800)));
  }

  /** What ends a command of one's own is of no use to the other ways. */
  @Test
  void enginesOfPhasesAndDefaults() throws IOException {
    assertThat(read("engines-in-defaults").phases())
        .extracting(Phase::engine)
        .containsExactly(
            Optional.of(
                engine(
                    Optional.empty(),
                    2,
                    1,
                    new Launch.Command("{python} start.py {job} {driver}"),
                    Optional.of("end {job}"),
                    1800)),
            Optional.of(engine(Optional.empty(), 2, 1, new Launch.Slurm(), Optional.empty(), 1800)),
            Optional.of(engine(Optional.empty(), 1, 1, new Launch.Local(), Optional.empty(), 1800)),
            Optional.empty());
  }

  private static TrainingEngine engine(
      Optional<String> python,
      int nodes,
      int processesPerNode,
      Launch launch,
      Optional<String> cancel,
      double heartbeatTimeout) {
    return new TrainingEngine(
        TrainingEngine.Type.TRL,
        python,
        nodes,
        processesPerNode,
        launch,
        cancel,
        100,
        heartbeatTimeout,
        2);
  }

  @Test
  void resolvesAnchorsAndMergeKeys() throws IOException {
    List<Phase> phases = read("anchors").phases();
    assertThat(phases).extracting(Phase::name).containsExactly("first", "second", "third");
    assertThat(phases)
        .extracting(phase -> phase.learningRates().highest())
        .containsExactly(1e-5, 2e-5, 1e-5);
    assertThat(phases)
        .extracting(phase -> phase.length().numEpochs().getAsDouble())
        .as("the first mapping of a merged list wins")
        .containsExactly(2.0, 2.0, 4.0);
    assertThat(phases.get(1).trained().targeting())
        .isEqualTo(new Targeting.Snr(25, MODEL_PROJECTIONS, List.of()));
    assertThat(phases.get(2).datasets()).isEqualTo(phases.get(0).datasets());
  }

  private static Pipeline read(String name) throws IOException {
    return PipelineReader.read(Path.of("src/test/resources/valid", name + ".yaml"), List.of());
  }
}
