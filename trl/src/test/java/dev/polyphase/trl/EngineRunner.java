package dev.polyphase.trl;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.dpo.Preference;
import dev.polyphase.fixtures.GoldenModel;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.training.DjlPhaseTrainer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.trl.launch.Programs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;

/**
 * One phase on a tiny model, trained by either trainer: the same rows, settings and start.
 *
 * @param folder where rows and results lie
 * @param base the checkpoint to start from
 * @param trained the tensors to train
 * @param settings {@code KEY=VALUE}, keys of the pipeline
 */
record EngineRunner(Path folder, Path base, Set<String> trained, List<String> settings) {
  private static final String YAML =
      """
      name: test
      base_model: base
      device: cpu
      dtype: float32
      phases:
        - name: one
          type: sft
          targeting: {method: full}
          datasets: [{path: rows.jsonl}]
          eval_datasets: [{path: others.jsonl}]
          sequence_len: 48
          learning_rate: 1.0e-3
          lr_scheduler: cosine
          warmup_steps: 1
          weight_decay: 0.1
          micro_batch_size: 2
          gradient_accumulation_steps: 2
          max_steps: 6
          gradient_checkpointing: false
      """;

  /** A phase on a fixture, which is copied into the folder, with rows of both kinds. */
  static EngineRunner of(Path folder, GoldenModel fixture, String... trained) throws IOException {
    EngineRunner run = new EngineRunner(folder, fixture.copyTo(folder), Set.of(trained), List.of());
    run.writeRows("rows.jsonl", 1, 17);
    run.writeRows("others.jsonl", 100, 5);
    run.writePairs("pairs.jsonl", 3, 11);
    run.writePairs("other-pairs.jsonl", 200, 5);
    return run;
  }

  /** The same with further settings. */
  EngineRunner with(String... more) {
    List<String> all = new ArrayList<>(settings);
    all.addAll(Arrays.asList(more));
    return new EngineRunner(folder, base, trained, all);
  }

  /** The same on pairs. */
  EngineRunner onPairs() {
    return with(
        "phases.one.type=dpo",
        "phases.one.datasets=[{path: pairs.jsonl}]",
        "phases.one.eval_datasets=[{path: other-pairs.jsonl}]");
  }

  private void writeRows(String file, int seed, int count) throws IOException {
    Random random = new Random(seed);
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      int[] ids = random.ints(3 + random.nextInt(30), 0, 256).toArray();
      int[] labels = ids.clone();
      // Of one row in five nothing carries loss but its last token.
      Arrays.fill(labels, 0, i % 5 == 0 ? ids.length - 1 : ids.length / 3, -100);
      rows.append("{\"input_ids\": " + Arrays.toString(ids));
      rows.append(", \"labels\": " + Arrays.toString(labels) + "}\n");
    }
    Files.writeString(folder.resolve(file), rows);
  }

  private void writePairs(String file, int seed, int count) throws IOException {
    Random random = new Random(seed);
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          "{\"prompt_input_ids\": %s, \"chosen_input_ids\": %s, \"rejected_input_ids\": %s}%n"
              .formatted(ids(random), ids(random), ids(random)));
    }
    Files.writeString(folder.resolve(file), rows);
  }

  private static String ids(Random random) {
    return Arrays.toString(random.ints(2 + random.nextInt(18), 0, 256).toArray());
  }

  /** The phase's folder of a result. */
  Path phaseFolder(String result) {
    return folder.resolve(result);
  }

  /** Trains in this process. */
  PhaseResult embedded(String result, PhaseListener listener) throws IOException {
    PhaseRequest request = request(result);
    return train(
        new DjlPhaseTrainer(source(request.phase()), device -> OptionalLong.empty()),
        request,
        listener);
  }

  /** Trains on the engine that the settings ask for. */
  PhaseResult engine(String result, PhaseListener listener) throws IOException {
    PhaseRequest request = request(result);
    return train(trainer(request.phase()), request, listener);
  }

  /** The engine's trainer. */
  static TrlPhaseTrainer trainer(Phase phase) {
    return new TrlPhaseTrainer(source(phase), Programs.ofThisProcess());
  }

  private static PhaseResult train(
      PhaseTrainer trainer, PhaseRequest request, PhaseListener listener) throws IOException {
    return trainer.prepare(request, ReadingListener.NOBODY).train(request.start(), listener);
  }

  private static ObjectiveSource source(Phase phase) {
    return phase.type() == PhaseType.DPO
        ? Preference.source(TemporaryRows.reader())
        : NextToken.source(TemporaryRows.reader());
  }

  /** The phase as either trainer is asked for it. */
  PhaseRequest request(String result) throws IOException {
    Files.createDirectories(phaseFolder(result));
    Pipeline pipeline = PipelineReader.parse(YAML, "test.yaml", settings);
    return new PhaseRequest(
        pipeline,
        pipeline.phases().get(0),
        folder,
        new PhaseStart(base, trained),
        phaseFolder(result).resolve("model"));
  }
}
