package dev.polyphase.phases.training;

import dev.polyphase.phases.api.FreeMemory;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.checkpoints.Checkpoints;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.Beginning.OtherModel;
import dev.polyphase.phases.objective.Beginning.WeightsFingerprint;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.phases.preparation.PhaseRows;
import dev.polyphase.phases.preparation.StartingWeights;
import dev.polyphase.phases.result.TrainedCheckpoint;
import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.Fingerprint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One phase from its loaded model to its saved result: begins, or goes on from a checkpoint, takes
 * the steps, and saves.
 *
 * @param request what was asked for
 * @param setup what that comes to
 * @param rows to train on and to evaluate
 * @param schedule the steps of the former
 * @param model as the phase begins
 * @param result the model as it will be saved, in its present state
 * @param files those beside the result
 */
record PhaseTraining(
    PhaseRequest request,
    PhaseSetup setup,
    PhaseRows rows,
    Schedule schedule,
    Transformer model,
    TrainedCheckpoint result,
    PhaseFiles files) {

  /**
   * Trains and saves.
   *
   * @param earlier the state to go on from; empty to begin
   */
  PhaseResult run(
      Optional<StateReader> earlier,
      Checkpoints checkpoints,
      FreeMemory freeMemory,
      PhaseListener listener)
      throws IOException {
    Phase phase = request.phase();
    Optimizer settings = phase.optimizer();
    begin(earlier.map(state -> state.number("step")).orElse(0L), freeMemory, listener);
    Metrics metrics = new Metrics(listener, schedule.totalSteps());
    TrainingState state = new TrainingState(rows.training().fingerprint());
    try (OptimizerStep optimizer =
            new OptimizerStep(
                model.devices(), settings, settings.maxGradNorm(), request.pipeline().seed());
        Saves saves =
            new Saves(phase.saving(), schedule.totalSteps(), checkpoints, freeMemory, listener)) {
      StepGuard guard =
          new StepGuard(
              phase,
              new LastGood(request.lastGood(), result),
              new StartingWeights(setup.checkpoint(), setup.layout()),
              request.failedStep(),
              saves.keeperOf(state));
      @Nullable Evaluations evaluations = evaluations(metrics, guard, state, listener);
      @Nullable Rescans rescans = rescans();
      state.add("model", new ModelState(model, optimizer, files.present()));
      state.add("metrics", metrics);
      state.add("guard", guard);
      if (evaluations != null) {
        state.add("evaluations", evaluations);
      }
      if (rescans != null) {
        state.add("rescans", rescans);
      }
      rows.training().margins().ifPresent(margins -> state.add("margins", margins));
      if (earlier.isPresent()) {
        resume(earlier.get(), state, metrics, saves, listener);
        guard.resumed(state.step());
      }
      new TrainingLoop(
              new TrainingLoop.Setting(phase, model, rows, schedule),
              optimizer,
              metrics,
              new TrainingLoop.Extras(evaluations, rescans, guard),
              state,
              saves,
              listener)
          .run();
      PhaseResult figures = figures(state, metrics, rescans);
      save(figures, margins(evaluations), state, saves, listener);
      return figures;
    } finally {
      rows.training().close();
      if (rows.heldOut() != null) {
        rows.heldOut().close();
      }
    }
  }

  private void resume(
      StateReader earlier,
      TrainingState state,
      Metrics metrics,
      Saves saves,
      PhaseListener listener)
      throws IOException {
    state.restore(earlier);
    saves.resumed(state.step());
    listener.resumed(state.step(), metrics.rows());
    listener.note("goes on from %s".formatted(earlier.folder()));
    if (state.step() > schedule.totalSteps()) {
      listener.note(
          "%,d steps are taken already and %,d are asked for: no more is trained, and the result is that of step %,d"
              .formatted(state.step(), schedule.totalSteps(), state.step()));
    }
  }

  /**
   * The objectives look at the weights that the phase starts from, also where it goes on.
   *
   * @param step the steps taken by earlier attempts
   */
  private void begin(long step, FreeMemory freeMemory, PhaseListener listener) throws IOException {
    Runnable pause = pause(() -> step, listener);
    WeightsFingerprint weights = weightsOf(setup);
    OtherModel other = other(freeMemory);
    begin(
        rows.training(),
        schedule.firstEpoch(),
        step == 0,
        "reference.json",
        other,
        weights,
        pause,
        listener);
    @Nullable Objective heldOut = rows.heldOut();
    if (heldOut != null) {
      begin(
          heldOut,
          HeldOut.microBatches(heldOut, request.phase().batch().microBatchSize()),
          // They are looked at with the weights as they would be saved, which may be rounded.
          false,
          "reference-held-out.json",
          other,
          weights,
          pause,
          listener);
    }
  }

  private void begin(
      Objective objective,
      List<int[]> microBatches,
      boolean isFirst,
      String kept,
      OtherModel other,
      WeightsFingerprint weights,
      Runnable pause,
      PhaseListener listener)
      throws IOException {
    objective.begin(
        new Beginning(
            model,
            other,
            microBatches,
            isFirst,
            request.result().resolveSibling(kept),
            weights,
            listener::note,
            pause));
  }

  /** The model of another folder that is the reference; its weights are read once at most. */
  private OtherModel other(FreeMemory freeMemory) {
    if (setup.other().isEmpty()) {
      return () -> {
        throw new IllegalStateException("the phase names no other model as its reference");
      };
    }
    MemoryFormula memory = setup.memory(schedule, rows.training()).other().orElseThrow();
    WeightsFingerprint weights = weightsOf(memory.setup());
    return () -> new OtherModel.Opened(ReferenceFolder.load(memory, freeMemory), weights);
  }

  /** Reads a model's files when it is asked for the first time, and not again. */
  private static WeightsFingerprint weightsOf(PhaseSetup model) {
    return new WeightsFingerprint() {
      private @Nullable String text;

      @Override
      public String text() throws IOException {
        if (text == null) {
          Fingerprint fingerprint = new Fingerprint();
          fingerprint.add(model.checkpoint().folder().resolve("config.json"));
          for (Path file : model.checkpoint().weightFiles()) {
            fingerprint.add(file);
          }
          text =
              "%s %s %s"
                  .formatted(
                      fingerprint.text(), model.compute().devices(), model.compute().precision());
        }
        return text;
      }
    };
  }

  private @Nullable Evaluations evaluations(
      Metrics metrics, StepGuard guard, TrainingState state, PhaseListener listener) {
    @Nullable Objective heldOut = rows.heldOut();
    if (heldOut == null) {
      return null;
    }
    return new Evaluations(
        request.phase().evaluation(),
        new HeldOut(
            model,
            result.form(),
            heldOut,
            request.phase().batch().microBatchSize(),
            pause(state::step, listener)),
        files.best(),
        metrics,
        listener,
        guard::checkHeldOut,
        schedule.totalSteps());
  }

  /** What is called between forward passes: it ends the phase where that is asked for. */
  private static Runnable pause(LongSupplier step, PhaseListener listener) {
    return () -> {
      if (listener.stopRequested()) {
        throw new InterruptedTrainingException(step.getAsLong());
      }
    };
  }

  private @Nullable Rescans rescans() {
    return request
        .start()
        .retargeting()
        .map(how -> new Rescans(request, how, setup.layout(), model, result, files.present()))
        .orElse(null);
  }

  private PhaseResult figures(TrainingState state, Metrics metrics, @Nullable Rescans rescans)
      throws IOException {
    result.checkBase();
    Trainable trained =
        rescans == null
            ? setup.parts()
            : setup.parts().with(rescans.everTrained(), setup.parts().rateFactors());
    return new PhaseResult(
        state.step(),
        metrics.numTokens(),
        trained.arrays(setup.layout()),
        trained.values(setup.layout()),
        trained.savedValues(setup.layout()),
        result.changedValues(),
        result.movedValues(),
        state.seconds(),
        rows.counts(),
        rows.heldOutCounts(),
        result.ends().all(),
        rows.countsByDataset());
  }

  /** The reward margins of pairs, by what {@code margins.json} calls them. */
  private Map<String, Margins> margins(@Nullable Evaluations evaluations) {
    Map<String, Margins> margins = new LinkedHashMap<>();
    rows.training().margins().ifPresent(last -> margins.put("training", last));
    if (evaluations != null && evaluations.marginsBefore() != null) {
      margins.put("held_out_before", evaluations.marginsBefore());
    }
    if (evaluations != null && evaluations.marginsAfter() != null) {
      margins.put("held_out_after", evaluations.marginsAfter());
    }
    return margins;
  }

  /**
   * Saves the model. Of a full disk the older checkpoints are removed and it is tried once more;
   * where that fails too, the state is saved, which needs less, so that nothing is trained again.
   */
  private void save(
      PhaseResult figures,
      Map<String, Margins> margins,
      TrainingState state,
      Saves saves,
      PhaseListener listener)
      throws IOException {
    listener.finishing(figures);
    try {
      write(margins);
    } catch (IOException e) {
      if (!FileFailure.isDiskFull(e)) {
        saves.now(state.step(), state);
        throw e;
      }
      saves.makeRoom();
      try {
        write(margins);
      } catch (IOException again) {
        saves.now(state.step(), state);
        throw again;
      }
    }
  }

  private void write(Map<String, Margins> margins) throws IOException {
    MarginsFile.write(request.result().resolveSibling("margins.json"), margins);
    Optional<Adapter> adapter = request.phase().trained().adapter();
    if (adapter.isPresent() && adapter.get().save() == Adapter.Save.PEFT) {
      Path folder = request.result().resolveSibling("adapter");
      PeftFolder.write(folder, model, setup.layout(), adapter.get(), request.start().checkpoint());
    }
    result.write(request.result());
  }
}
