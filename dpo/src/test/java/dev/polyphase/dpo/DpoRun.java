package dev.polyphase.dpo;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.training.DjlPhaseTrainer;
import dev.polyphase.phases.training.RecordingListener;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.prepared.TemporaryRows;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;

/**
 * A preference phase as a pipeline file has it, dpo where settings do not say otherwise, on the
 * rows of {@code pairs.jsonl} in a folder; the same behind one more token, in {@code others.jsonl},
 * are held out.
 *
 * @param folder where the rows lie
 * @param base the checkpoint to start from
 * @param trained the names of tensors
 */
record DpoRun(Path folder, Path base, Set<String> trained) {
  static final Set<String> TRAINED = Set.of("model.layers.1.mlp.up_proj.weight");
  private static final String YAML =
      """
      name: test
      base_model: base
      device: cpu
      phases:
        - name: one
          type: dpo
          targeting: {method: full}
          datasets: [{path: pairs.jsonl}]
          eval_datasets: [{path: others.jsonl}]
          micro_batch_size: 3
          gradient_accumulation_steps: 2
          max_steps: 2
          learning_rate: 1.0e-3
      """;

  /** A phase that trains one tensor. */
  DpoRun(Path folder, Path base) {
    this(folder, base, TRAINED);
  }

  /** Writes pairs of random tokens and lengths. */
  DpoRun withPairs(int count) throws IOException {
    write("pairs.jsonl", count, new Random(5));
    return holdingOut();
  }

  /** Writes completions of random tokens and lengths in the place of pairs, two of three wanted. */
  DpoRun withJudged(int count) throws IOException {
    Random random = new Random(5);
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          "{\"prompt_input_ids\": %s, \"completion_input_ids\": %s, \"label\": %s}%n"
              .formatted(ids(random), ids(random), i % 3 != 1));
    }
    Files.writeString(folder.resolve("pairs.jsonl"), rows);
    return holdingOut();
  }

  private DpoRun holdingOut() throws IOException {
    String prompt = "\"prompt_input_ids\": [";
    Files.writeString(
        folder.resolve("others.jsonl"),
        Files.readString(folder.resolve("pairs.jsonl")).replace(prompt, prompt + "7, "));
    return this;
  }

  /** Writes so many into a file. */
  void write(String file, int count, Random random) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < count; i++) {
      rows.append(
          "{\"prompt_input_ids\": %s, \"chosen_input_ids\": %s, \"rejected_input_ids\": %s}%n"
              .formatted(ids(random), ids(random), ids(random)));
    }
    Files.writeString(folder.resolve(file), rows);
  }

  /**
   * Trains.
   *
   * @param result the name of the folder to write
   * @param moves to other tensors on the way, or none
   * @param settings {@code KEY=VALUE}, keys of the phase after {@code phases.one}
   */
  RecordingListener train(String result, Optional<Retargeting> moves, String... settings)
      throws IOException {
    RecordingListener heard = new RecordingListener();
    train(result, heard, moves, settings);
    return heard;
  }

  /** The same to a listener of one's own. */
  void train(String result, PhaseListener heard, Optional<Retargeting> moves, String... settings)
      throws IOException {
    PhaseRequest request = request(result, moves, settings);
    train(source(request.phase()), request, heard);
  }

  /** Trains a phase of any objective. */
  static void train(ObjectiveSource source, PhaseRequest request, PhaseListener listener)
      throws IOException {
    trainer(source).prepare(request, ReadingListener.NOBODY).train(request.start(), listener);
  }

  PhasePlan check(String... settings) throws IOException {
    PhaseRequest request = request("result", Optional.empty(), settings);
    return trainer(source(request.phase())).prepare(request, ReadingListener.NOBODY).plan();
  }

  private static ObjectiveSource source(Phase phase) {
    return phase.type().readsJudgedCompletions()
        ? Judgement.source(TemporaryRows.reader())
        : Preference.source(TemporaryRows.reader());
  }

  private PhaseRequest request(String result, Optional<Retargeting> moves, String... settings) {
    Pipeline pipeline = PipelineReader.parse(YAML, "test.yaml", List.of(settings));
    return new PhaseRequest(
        pipeline,
        pipeline.phases().get(0),
        folder,
        new PhaseStart(base, trained, Map.of(), Map.of(), moves),
        folder.resolve(result));
  }

  private static DjlPhaseTrainer trainer(ObjectiveSource source) {
    return new DjlPhaseTrainer(source, device -> OptionalLong.empty());
  }

  private static String ids(Random random) {
    return Arrays.toString(random.ints(1 + random.nextInt(25), 0, 256).toArray());
  }
}
