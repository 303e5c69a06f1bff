package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.reports.HeatmapPng;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * The {@code README.md} of a phase's model, and the picture in it. It takes the place of the
 * base's, which describes another model.
 */
final class ModelCard {
  /** The card's picture, beside it. */
  static final String PICTURE = "heatmap.png";

  private ModelCard() {}

  /**
   * A phase as the card tells of it.
   *
   * @param settings its settings
   * @param data the names of the files that it was trained on
   * @param heldOutData the names of those that it was measured on, or how many rows were drawn
   * @param result what it did
   * @param rescans how often it was measured anew on its way
   * @param figures its losses and held-out figures
   */
  record Chapter(
      Phase settings,
      Set<String> data,
      Set<String> heldOutData,
      PhaseResult result,
      int rescans,
      TrainingFigures figures) {}

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
      Phase settings = pipeline.phases().get(i);
      PhaseFolder folder = request.run().phase(i, phase.name());
      chapters.add(
          new Chapter(
              settings,
              DataFiles.names(settings.datasets(), request),
              heldOutData(settings, request),
              i == index ? result : Objects.requireNonNull(phase.result()),
              folder.rescansDone().size(),
              TrainingFigures.read(folder, settings.evaluation())));
    }
    Path model = request.run().phase(index, state.phases().get(index).name()).model();
    byte[] picture = picture(request, state, index, result);
    AtomicFiles.write(model.resolve(PICTURE), out -> out.write(picture));
    // Still the card of the model that the phase started from, as every file of that is carried.
    Path card = model.resolve("README.md");
    String text =
        ModelCardText.of(
            pipeline,
            Origin.of(request, card),
            chapters,
            valuesOf(model),
            state.polyphase(),
            compute);
    AtomicFiles.writeString(card, text);
  }

  private static Set<String> heldOutData(Phase settings, RunRequest request) throws IOException {
    Optional<Amount> drawn = settings.evaluation().valSetSize();
    if (drawn.isEmpty()) {
      return DataFiles.names(settings.evaluation().evalDatasets(), request);
    }
    return drawn.get() instanceof Amount.Share share
        ? Set.of(100 * share.share() + " % of the rows")
        : Set.of(((Amount.Count) drawn.get()).count() + " of the rows");
  }

  /** The report's heatmap of the phases so far. */
  private static byte[] picture(RunRequest request, RunState state, int index, PhaseResult result)
      throws IOException {
    PhaseState finished = state.phases().get(index).finished(result);
    RunState soFar = state.withPhase(index, finished, state.updated()).firstPhases(index + 1);
    return HeatmapPng.write(RunReport.of(request.run(), request.pipeline(), soFar));
  }

  private static long valuesOf(Path model) throws IOException {
    return Checkpoint.open(model).tensors().stream().mapToLong(TensorInfo::elements).sum();
  }
}
