package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.events.RunEvent.Measured;
import dev.polyphase.orchestrator.events.RunEvent.PhaseFinished;
import dev.polyphase.orchestrator.events.RunEvent.PhaseResumed;
import dev.polyphase.orchestrator.events.RunEvent.PhaseStarted;
import dev.polyphase.orchestrator.events.RunEvent.Saved;
import dev.polyphase.orchestrator.events.RunEvent.Selected;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.store.KeptResult;
import dev.polyphase.orchestrator.store.MetricsLog;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.RunJournal;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.TrainerState;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.api.SavedCheckpoint;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FolderState;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs one phase: scan, select, train, each leaving its files in the phase's folder. */
final class PhaseRunner {
  private static final String TOKENS = "num_tokens";
  private static final String CPU = "cpu";

  private final RunRequest request;
  private final RunJournal journal;
  private final RunEvents events;
  private final StopSignal stop;
  private final SideFiles files;
  private final SaveRequests saves;

  PhaseRunner(
      RunRequest request, RunJournal journal, RunEvents events, StopSignal stop, SideFiles files) {
    this.request = request;
    this.journal = journal;
    this.events = events;
    this.stop = stop;
    this.files = files;
    this.saves =
        new SaveRequests(stop, request.run().saveRequest(), System::nanoTime, events::note);
  }

  /**
   * Runs the phase from its newest checkpoint, or with the job that an engine has of it, or where
   * there is neither from its beginning.
   *
   * @param ready the phase as preflight left it
   * @param start the weights to start from
   * @param scans what its scans compute with
   * @throws InterruptedTrainingException when asked to stop
   */
  void run(int index, Preflight.Ready ready, Path start, RunScans scans) throws IOException {
    PlannedPhase planned = ready.planned();
    Phase phase = planned.phase();
    PhaseFolder folder = request.run().phase(index, phase.name());
    events.tell(
        new PhaseStarted(
            index,
            request.pipeline().phases().size(),
            phase.name(),
            phase.type().name().toLowerCase(Locale.ROOT)));
    stopIfAsked();
    Checkpoint checkpoint = Checkpoint.open(start);
    Beginning beginning = new Beginning(index, phase, folder, checkpoint);
    boolean goesOn = folder.goesOn();
    if (!goesOn) {
      folder.startAnew();
      beginning.write();
    }
    writeRejected(ready, folder);
    Target.Decision target = target(phase, folder, checkpoint, goesOn, scans.beforePhases());
    target.sentences().forEach(events::note);
    events.tell(new Selected(target.tensors().size()));

    MetricsLog metrics = MetricsLog.of(folder, sentence -> note(index, sentence));
    Listener listener = new Listener(index, planned, folder, metrics, goesOn ? beginning : null);
    PhaseStart training =
        new PhaseStart(
            start,
            target.tensors(),
            target.rows(),
            target.rateFactors(),
            retargeting(planned, folder, scans.withinPhases(), listener));
    PhaseResult result = train(ready, training, listener);
    journal.phaseFinished(index, result);
    finish(index, new KeptResult(result, planned.plan().steps(), planned.plan().compute()));
    events.tell(new PhaseFinished(result));
    Optional<String> unchanged = RateWarnings.after(phase.name(), result, request.pipeline());
    if (unchanged.isPresent()) {
      journal.note(index, unchanged.get());
      events.warn(unchanged.get());
    }
  }

  /** Lists the rows that are wrong, if there are any. */
  private void writeRejected(Preflight.Ready ready, PhaseFolder folder) {
    PhasePlan plan = ready.planned().plan();
    boolean any =
        plan.data().badRows() > 0 || (plan.heldOut() != null && plan.heldOut().badRows() > 0);
    if (any) {
      files.write(
          "the list of the wrong rows of phase " + ready.planned().phase().name(),
          "",
          () -> RejectedRows.write(ready.prepared(), folder.rejectedJsonl()));
    }
  }

  /**
   * Writes what an earlier process left unwritten of a phase that is finished.
   *
   * @param kept what it left of it
   */
  void makeGood(int index, KeptResult kept) throws IOException {
    Phase phase = request.pipeline().phases().get(index);
    PhaseFolder folder = request.run().phase(index, phase.name());
    long steps = kept.result().steps();
    if (!TrainerState.isOf(folder, steps)) {
      long tokens = kept.result().tokens();
      Rows rows = () -> MetricsLog.read(folder);
      writeState(folder, phase, new Taken(kept.totalSteps(), steps, tokens), rows);
    }
    finish(index, kept);
  }

  /** The rows of a phase's metrics. */
  @FunctionalInterface
  private interface Rows {
    List<ObjectNode> get() throws IOException;
  }

  /** The optimiser steps that were planned and taken, and the tokens of the latter. */
  private record Taken(long totalSteps, long steps, long tokens) {}

  private void writeState(PhaseFolder folder, Phase phase, Taken taken, Rows rows) {
    files.write(
        "the trainer state of phase " + phase.name(),
        "the same command writes it",
        () ->
            TrainerState.write(
                folder, phase, taken.totalSteps, taken.steps, taken.tokens, rows.get()));
  }

  /**
   * Writes what is written beside the model of a phase that is trained, whatever becomes of that.
   *
   * @param kept what is known of the phase
   */
  private void finish(int index, KeptResult kept) {
    RunState state = journal.state();
    files.write(
        "the model card of phase " + state.phases().get(index).name(),
        "the same command writes it",
        () -> {
          ModelCard.write(request, state, index, kept.result(), kept.compute());
          clear(index, kept.result().steps());
        });
  }

  /**
   * Removes what is of no use any more, once {@code run.json} says that the phase is finished and
   * its model lacks nothing: what was said of its result, what is large of an engine's job, and
   * checkpoints, from which nothing goes on, unless someone asked for them.
   *
   * @param steps the phase's
   */
  void clear(int index, long steps) {
    Phase phase = request.pipeline().phases().get(index);
    PhaseFolder folder = request.run().phase(index, phase.name());
    try {
      if (journal.isWritten() && TrainerState.isOf(folder, steps)) {
        if (!phase.saving().outlastsThePhase()) {
          folder.removeCheckpoints();
        }
        folder.removeRowsOfEngine();
        Files.deleteIfExists(folder.resultJson());
      }
    } catch (IOException e) {
      events.warn(
          "%s; nothing of phase %s needs what is left of %s"
              .formatted(
                  FailureText.cause(e),
                  phase.name(),
                  folder.holdsJob() ? folder.engine() : folder.checkpoints()));
    }
  }

  /** What is trained, decided now or when the phase began. */
  private Target.Decision target(
      Phase phase,
      PhaseFolder folder,
      Checkpoint checkpoint,
      boolean goesOn,
      SingularValues singularValues)
      throws IOException {
    Optional<Target.Decision> before =
        goesOn ? Target.asBefore(phase, checkpoint, folder.decision()) : Optional.empty();
    if (before.isPresent()) {
      return before.get();
    }
    FolderState opened = FolderState.of(checkpoint.folder(), folder.model());
    ScanListener scanning = ToldScan.begin(events, phase, checkpoint, 0, this::stopIfAsked);
    Target.Decision target =
        Target.decide(phase, request.pipeline().seed(), checkpoint, singularValues, scanning);
    target.files().write(folder.decision());
    // What is selected is what the trainer will find.
    opened.checkUnchanged();
    return target;
  }

  private Optional<Retargeting> retargeting(
      PlannedPhase planned, PhaseFolder folder, SingularValues singularValues, Listener listener) {
    Phase phase = planned.phase();
    return phase
        .trained()
        .rescanEvery()
        .map(
            every -> {
              Rescanning rescanning =
                  new Rescanning(
                      phase,
                      request.pipeline().seed(),
                      folder,
                      singularValues,
                      stop,
                      events,
                      listener::note,
                      files);
              return new Retargeting(
                  every,
                  planned.target().tensors(),
                  (weights, step) -> {
                    listener.begin();
                    return rescanning.of(weights, step);
                  });
            });
  }

  private PhaseResult train(Preflight.Ready ready, PhaseStart start, Listener listener)
      throws IOException {
    PlannedPhase planned = ready.planned();
    try (listener) {
      try {
        return ready.prepared().train(start, listener);
      } catch (InterruptedTrainingException e) {
        listener.writeState(e.step(), listener.tokens);
        throw e;
      } catch (OutOfMemoryException e) {
        @Nullable String device = planned.plan().compute().device();
        throw new TrainingFailedException(
            MemoryFailure.onDevice(planned),
            device == null || device.equals(CPU) ? e : new DeviceFullException(device, e));
      } catch (OutOfMemoryError e) {
        throw new TrainingFailedException(MemoryFailure.inJava(planned, e), e);
      }
    }
  }

  private void note(int index, String sentence) {
    journal.note(index, sentence);
    events.note(sentence);
  }

  private void stopIfAsked() {
    if (stop.requested()) {
      throw new InterruptedTrainingException(0);
    }
  }

  /** What {@code run.json} says of a phase that begins. */
  private final class Beginning {
    private final int index;
    private final Phase phase;
    private final PhaseFolder folder;
    private final Checkpoint start;

    Beginning(int index, Phase phase, PhaseFolder folder, Checkpoint start) {
      this.index = index;
      this.phase = phase;
      this.folder = folder;
      this.start = start;
    }

    void write() throws IOException {
      folder.removeRescansAfter(0);
      journal.phaseStarted(
          index,
          DataFiles.digests(phase, request),
          StartFiles.of(start),
          StartFiles.ofReference(phase, request));
    }
  }

  private final class Listener implements PhaseListener, AutoCloseable {
    private final int index;
    private final PlannedPhase planned;
    private final PhaseFolder folder;
    private final MetricsLog metrics;
    private @Nullable Beginning beginning;
    private long tokens;

    /**
     * A listener of one phase.
     *
     * @param beginning what is to be written if the trainer does not go on from a checkpoint,
     *     though there is one; null where it is written
     */
    Listener(
        int index,
        PlannedPhase planned,
        PhaseFolder folder,
        MetricsLog metrics,
        @Nullable Beginning beginning) {
      this.index = index;
      this.planned = planned;
      this.folder = folder;
      this.metrics = metrics;
      this.beginning = beginning;
    }

    @Override
    public long inCommon(List<MetricsRow> rows) {
      try {
        return metrics.inCommon(rows);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void resumed(long step, long rows) {
      beginning = null;
      try {
        metrics.keepFirst(rows);
        folder.removeRescansAfter(step);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      tokens = 0;
      for (ObjectNode row : metrics.rows()) {
        tokens = row.path(TOKENS).asLong(tokens);
      }
      journal.phaseResumed(index, step);
      events.tell(new PhaseResumed(step, tokens));
    }

    /** To be called before anything follows from training. */
    void begin() throws IOException {
      if (beginning != null) {
        beginning.write();
        beginning = null;
      }
    }

    private void beginning() {
      try {
        begin();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void metrics(MetricsRow row) {
      beginning();
      // Evaluations count none.
      tokens = row.values().getOrDefault(TOKENS, tokens).longValue();
      metrics.add(row);
      events.tell(new Measured(row));
    }

    @Override
    public void note(String sentence) {
      PhaseRunner.this.note(index, sentence);
    }

    @Override
    public boolean stopRequested() {
      return stop.requested();
    }

    @Override
    public boolean saveRequested() {
      return saves.taken();
    }

    @Override
    public void saved(SavedCheckpoint checkpoint) {
      // An engine may save before it logs, and go on from there: that is no earlier attempt.
      beginning();
      journal.checkpointSaved(index, checkpoint);
      events.tell(new Saved(checkpoint));
    }

    @Override
    public void finishing(PhaseResult result) {
      // Before the model is there: a process that is killed then leaves a phase that lacks nothing.
      writeState(result.steps(), result.tokens());
      try {
        new KeptResult(result, planned.plan().steps(), planned.plan().compute()).write(folder);
      } catch (IOException e) {
        // It is of use only where the process is killed within moments.
        note(FailureText.cause(e) + "; the phase goes on without it");
      }
    }

    void writeState(long steps, long ofTokens) {
      Taken taken = new Taken(planned.plan().steps(), steps, ofTokens);
      PhaseRunner.this.writeState(folder, planned.phase(), taken, metrics::rows);
    }

    @Override
    public void close() {
      metrics.close();
      if (metrics.waiting() > 0) {
        files.later(
            "the last %d rows of %s".formatted(metrics.waiting(), folder.metricsJsonl()),
            "",
            metrics::flush);
      }
    }
  }
}
