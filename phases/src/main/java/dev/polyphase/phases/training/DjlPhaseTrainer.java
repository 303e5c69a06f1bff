package dev.polyphase.phases.training;

import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseTrainer;
import dev.polyphase.phases.data.DataCounts;
import dev.polyphase.phases.data.Schedule;
import dev.polyphase.phases.model.Activations;
import dev.polyphase.phases.model.ConfigReader;
import dev.polyphase.phases.model.ModelConfig;
import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.optimizer.LearningRate;
import dev.polyphase.phases.tokens.LazyTokenizer;
import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Problem;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Trains phases in this process, on libtorch. */
public final class DjlPhaseTrainer implements PhaseTrainer {
  private final ObjectiveSource source;

  /** A trainer of the phases that a source makes objectives for. */
  public DjlPhaseTrainer(ObjectiveSource source) {
    this.source = source;
  }

  @Override
  public PhasePlan check(PhaseRequest request) throws IOException {
    refuseWhatIsNotBuilt(request.phase());
    ComputeSettings compute = ComputeSettings.of(request.pipeline());
    ModelConfig config = ConfigReader.read(request.checkpoint());
    ModelLayout layout = new ModelLayout(config);
    Checkpoint checkpoint = Checkpoint.open(request.checkpoint());
    layout.check(checkpoint);
    TrainedParts parts = TrainedParts.of(request, layout);
    long trainedValues = parts.values(layout);
    try (LazyTokenizer tokenizer = new LazyTokenizer(request.checkpoint())) {
      Objective objective = rows(request, config, tokenizer);
      @Nullable Objective heldOut = heldOutRows(request, config, tokenizer);
      DataCounts counts = objective.counts();
      Phase phase = request.phase();
      Schedule schedule = TrainingLoop.schedule(phase, request.pipeline().seed(), objective);
      return new PhasePlan(
          counts.rows(),
          counts.tokens(),
          schedule.totalSteps(),
          heldOut == null ? 0 : heldOut.counts().rows(),
          schedule.totalTokens(),
          trainedValues,
          modelValues(layout),
          compute.describe(request.pipeline().devices()),
          MemoryFormula.of(
              config,
              checkpoint,
              parts.tensors(),
              parts.adapters(),
              trainedValues,
              compute,
              LargestBatch.in(schedule, objective, phase.microBatchSize()),
              phase.gradientAccumulationSteps() > 1));
    }
  }

  @Override
  public PhaseResult train(PhaseRequest request, PhaseListener listener) throws IOException {
    long startNanos = System.nanoTime();
    refuseWhatIsNotBuilt(request.phase());
    ComputeSettings compute = ComputeSettings.of(request.pipeline());
    ModelConfig config = ConfigReader.read(request.checkpoint());
    ModelLayout layout = new ModelLayout(config);
    Checkpoint checkpoint = Checkpoint.open(request.checkpoint());
    layout.check(checkpoint);
    TrainedParts parts = TrainedParts.of(request, layout);
    try (LazyTokenizer tokenizer = new LazyTokenizer(request.checkpoint());
        Transformer model =
            Transformer.load(
                checkpoint,
                config,
                parts.tensors(),
                parts.adapters(),
                compute.device(),
                compute.precision(),
                Activations.KEPT)) {
      Objective objective = rows(request, config, tokenizer);
      noteRowsLeftOut(objective.counts(), listener);
      TrainingLoop loop =
          new TrainingLoop(
              request.phase(),
              request.pipeline().seed(),
              model,
              parts.rows(),
              objective,
              heldOutRows(request, config, tokenizer),
              listener);
      long tokens = loop.run();
      TrainedCheckpoint result =
          new TrainedCheckpoint(checkpoint, layout, model, request.pipeline().saveDtype());
      long changed = result.changedValues();
      writeAdapter(request, layout, model);
      result.write(request.result());
      return new PhaseResult(
          loop.totalSteps(),
          tokens,
          model.masters().size(),
          parts.values(layout),
          parts.savedValues(layout),
          changed,
          (System.nanoTime() - startNanos) / 1e9);
    }
  }

  private Objective rows(PhaseRequest request, ModelConfig config, LazyTokenizer tokenizer)
      throws IOException {
    return source.open(
        request, "datasets", request.phase().datasets(), config.vocabSize(), tokenizer);
  }

  private @Nullable Objective heldOutRows(
      PhaseRequest request, ModelConfig config, LazyTokenizer tokenizer) throws IOException {
    List<Dataset> datasets = request.phase().evalDatasets();
    return datasets.isEmpty()
        ? null
        : source.open(request, "eval_datasets", datasets, config.vocabSize(), tokenizer);
  }

  private void refuseWhatIsNotBuilt(Phase phase) {
    List<String> sentences = new ArrayList<>(source.notBuilt(phase));
    if (!LearningRate.implemented(phase.lrScheduler())) {
      sentences.add(
          "lr_scheduler %s is not built yet; take cosine, linear or constant"
              .formatted(phase.lrScheduler().name().toLowerCase(Locale.ROOT)));
    }
    if (!sentences.isEmpty()) {
      throw new InputException(
          sentences.stream()
              .map(sentence -> new Problem(null, "phase " + phase.name() + ": " + sentence))
              .toList());
    }
  }

  private static void writeAdapter(PhaseRequest request, ModelLayout layout, Transformer model)
      throws IOException {
    Optional<Adapter> adapter = request.phase().adapter();
    if (adapter.isPresent() && adapter.get().save() == Adapter.Save.PEFT) {
      Path folder = request.result().resolveSibling("adapter");
      PeftFolder.write(folder, model, layout, adapter.get(), request.checkpoint());
    }
  }

  private static long modelValues(ModelLayout layout) {
    return layout.parameters().stream().mapToLong(Parameter::values).sum();
  }

  private static void noteRowsLeftOut(DataCounts counts, PhaseListener listener) {
    if (counts.cutRows() > 0 || counts.droppedRows() > 0) {
      listener.note(
          "%,d rows were longer than sequence_len and were cut, %,d had no token that carries loss and were left out"
              .formatted(counts.cutRows(), counts.droppedRows()));
    }
  }
}
