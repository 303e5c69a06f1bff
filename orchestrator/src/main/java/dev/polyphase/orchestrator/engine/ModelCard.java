package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The {@code README.md} of a phase's model. It takes the place of the base's, which describes
 * another model.
 */
final class ModelCard {

  private ModelCard() {}

  /**
   * A phase as the card tells of it.
   *
   * @param settings its settings
   * @param dataFiles the names of its files
   * @param result what it did
   * @param figures its losses and held-out figures
   */
  record Chapter(
      Phase settings, Set<String> dataFiles, PhaseResult result, TrainingFigures figures) {}

  /**
   * Writes the card of the model that a phase has just left.
   *
   * @param state the run's, in which this phase is not finished yet
   * @param result what the phase did
   */
  static void write(
      RunRequest request, RunState state, int index, PhaseResult result, Compute compute)
      throws IOException {
    Pipeline pipeline = request.pipeline();
    List<Chapter> chapters = new ArrayList<>();
    for (int i = 0; i <= index; i++) {
      PhaseState phase = state.phases().get(i);
      chapters.add(
          new Chapter(
              pipeline.phases().get(i),
              phase.data().keySet(),
              i == index ? result : Objects.requireNonNull(phase.result()),
              TrainingFigures.read(request.run().phaseFolder(phase.folder()))));
    }
    PhaseFolder folder = request.run().phaseFolder(state.phases().get(index).folder());
    String text =
        ModelCardText.of(pipeline, chapters, valuesOf(folder.model()), state.polyphase(), compute);
    AtomicFiles.writeString(folder.model().resolve("README.md"), text);
  }

  private static long valuesOf(Path model) throws IOException {
    return Checkpoint.open(model).tensors().stream().mapToLong(TensorInfo::elements).sum();
  }
}
