package dev.polyphase.phases.training;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.objective.NextToken;
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
 * An sft phase as a pipeline file has it, on the rows of {@code rows.jsonl} in a folder.
 *
 * @param folder where the rows lie
 * @param base the checkpoint to start from
 * @param trained the tensors to train
 */
record SftRun(Path folder, Path base, Set<String> trained) {
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
          sequence_len: 64
          learning_rate: 1.0e-3
          lr_scheduler: constant
          max_steps: 2
          shuffle: false
      """;

  /** A phase on tiny-llama, which is copied into the folder. */
  static SftRun ofLlama(Path folder, String... trained) {
    return new SftRun(folder, Fixture.LLAMA.copyTo(folder), Set.of(trained));
  }

  /**
   * Writes pre-tokenised rows of these lengths; in each, the first third carries no loss. Others as
   * long are in {@code others.jsonl}, to be held out.
   */
  SftRun withRows(int... lengths) throws IOException {
    write("rows.jsonl", 0, lengths);
    write("others.jsonl", 1000, lengths);
    return this;
  }

  /**
   * Writes such rows into a file.
   *
   * @param seed of the first row's tokens, the next one's is one more
   */
  void write(String file, int seed, int... lengths) throws IOException {
    StringBuilder rows = new StringBuilder();
    for (int i = 0; i < lengths.length; i++) {
      int[] ids = new Random(seed + i).ints(lengths[i], 0, 256).toArray();
      int[] labels = ids.clone();
      Arrays.fill(labels, 0, lengths[i] / 3, -100);
      rows.append("{\"input_ids\": " + Arrays.toString(ids));
      rows.append(", \"labels\": " + Arrays.toString(labels) + "}\n");
    }
    Files.writeString(folder.resolve(file), rows);
  }

  PhasePlan check(String... settings) throws IOException {
    return check(request("result", settings));
  }

  static PhasePlan check(PhaseRequest request) throws IOException {
    return trainer().prepare(request, ReadingListener.NOBODY).plan();
  }

  static PhaseResult train(PhaseRequest request, PhaseListener listener) throws IOException {
    return train(trainer(), request, listener);
  }

  static PhaseResult train(PhaseTrainer trainer, PhaseRequest request, PhaseListener listener)
      throws IOException {
    return trainer.prepare(request, ReadingListener.NOBODY).train(request.start(), listener);
  }

  /**
   * Trains.
   *
   * @param result the name of the folder to write
   * @param settings {@code KEY=VALUE}, keys of the phase after {@code phases.one}
   */
  PhaseResult train(String result, PhaseListener listener, String... settings) throws IOException {
    return train(request(result, settings), listener);
  }

  /** Trains, and moves to other tensors on the way. */
  PhaseResult train(
      String result, PhaseListener listener, Retargeting retargeting, String... settings)
      throws IOException {
    return train(request(result, retargeting, settings), listener);
  }

  /** The request of a phase with these settings that moves to other tensors on its way. */
  PhaseRequest request(String result, Retargeting retargeting, String... settings) {
    return request(result, settings)
        .from(new PhaseStart(base, trained, Map.of(), Map.of(), Optional.of(retargeting)));
  }

  /** The request of a phase with these settings. */
  PhaseRequest request(String result, String... settings) {
    Pipeline pipeline = PipelineReader.parse(YAML, "test.yaml", List.of(settings));
    return new PhaseRequest(
        pipeline,
        pipeline.phases().get(0),
        folder,
        new PhaseStart(base, trained),
        folder.resolve(result));
  }

  static DjlPhaseTrainer trainer() {
    return trainer(OptionalLong.empty());
  }

  /**
   * A trainer.
   *
   * @param freeBytes what each device has; empty where it is not known
   */
  static DjlPhaseTrainer trainer(OptionalLong freeBytes) {
    return new DjlPhaseTrainer(NextToken.source(TemporaryRows.reader()), device -> freeBytes, true);
  }
}
