package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.MetricsLog;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.RunJournal;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.TrainerState;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.api.Retargeting;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FolderState;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Runs one phase: scan, select, train, each leaving its files in the phase's folder. */
final class PhaseRunner {
  private final RunRequest request;
  private final RunJournal journal;
  private final Progress progress;
  private final StopSignal stop;
  private final SideFiles files;

  PhaseRunner(
      RunRequest request, RunJournal journal, Progress progress, StopSignal stop, SideFiles files) {
    this.request = request;
    this.journal = journal;
    this.progress = progress;
    this.stop = stop;
    this.files = files;
  }

  /**
   * Runs the phase from its beginning; what an earlier attempt left is removed.
   *
   * @param ready the phase as preflight left it
   * @param start the weights to start from
   * @throws InterruptedTrainingException when asked to stop
   */
  void run(int index, Preflight.Ready ready, Path start, SingularValues singularValues)
      throws IOException {
    PlannedPhase planned = ready.planned();
    Phase phase = planned.phase();
    PhaseFolder folder = request.run().phase(index, phase.name());
    progress.phaseStarted(index, request.pipeline().phases().size(), phase.name());
    stopIfAsked();
    folder.startAnew();
    journal.phaseStarted(index, DataFiles.digests(phase, request.folder()));

    FolderState opened = FolderState.of(start, folder.model());
    Checkpoint checkpoint = Checkpoint.open(start);
    ScanListener scanning =
        (module, done, total) -> {
          stopIfAsked();
          progress.scanned(done, total);
        };
    Target.Decision target =
        Target.decide(phase, request.pipeline().seed(), checkpoint, singularValues, scanning);
    target.files().write(folder.decision());
    // What is selected is what the trainer will find.
    opened.checkUnchanged();
    target.sentences().forEach(progress::note);
    progress.selected(target.tensors().size());

    PhaseStart training =
        new PhaseStart(
            start,
            target.tensors(),
            target.rows(),
            target.rateFactors(),
            retargeting(index, planned, folder, singularValues));
    PhaseResult result = train(index, ready, training, folder);
    // The phase is trained, whatever becomes of what is written beside its model.
    RunState before = journal.state();
    files.write(
        "the model card of phase " + phase.name(),
        "the same command writes it",
        () -> ModelCard.write(request, before, index, result, planned.plan().compute()));
    journal.phaseFinished(index, result);
    progress.phaseFinished(result);
    Optional<String> unchanged =
        RateWarnings.after(phase.name(), result, request.pipeline().saveDtype());
    if (unchanged.isPresent()) {
      journal.note(index, unchanged.get());
      progress.say(unchanged.get());
    }
  }

  private Optional<Retargeting> retargeting(
      int index, PlannedPhase planned, PhaseFolder folder, SingularValues singularValues) {
    Phase phase = planned.phase();
    return phase
        .trained()
        .rescanEvery()
        .map(
            every ->
                new Retargeting(
                    every,
                    planned.target().tensors(),
                    new Rescanning(
                        phase,
                        request.pipeline().seed(),
                        folder,
                        singularValues,
                        stop,
                        progress,
                        sentence -> note(index, sentence),
                        files)));
  }

  private PhaseResult train(int index, Preflight.Ready ready, PhaseStart start, PhaseFolder folder)
      throws IOException {
    PlannedPhase planned = ready.planned();
    MetricsLog metrics = MetricsLog.of(folder, sentence -> note(index, sentence));
    try (metrics) {
      Listener listener = new Listener(index, metrics);
      try {
        PhaseResult result = ready.prepared().train(start, listener);
        listener.writeState(folder, planned.phase(), result.steps(), result.tokens());
        return result;
      } catch (InterruptedTrainingException e) {
        listener.writeState(folder, planned.phase(), e.step(), listener.tokens());
        throw e;
      } catch (OutOfMemoryException e) {
        throw new TrainingFailedException(MemoryFailure.onDevice(planned), e);
      } catch (OutOfMemoryError e) {
        throw new TrainingFailedException(MemoryFailure.inJava(planned, e), e);
      }
    } finally {
      if (metrics.waiting() > 0) {
        files.later(
            "the last %d rows of %s".formatted(metrics.waiting(), folder.metricsJsonl()),
            "",
            metrics::flush);
      }
    }
  }

  private void note(int index, String sentence) {
    journal.note(index, sentence);
    progress.note(sentence);
  }

  private void stopIfAsked() {
    if (stop.requested()) {
      throw new InterruptedTrainingException(0);
    }
  }

  private final class Listener implements PhaseListener {
    private final int index;
    private final MetricsLog metrics;
    private @Nullable MetricsRow last;
    private long tokens;

    Listener(int index, MetricsLog metrics) {
      this.index = index;
      this.metrics = metrics;
    }

    @Override
    public void metrics(MetricsRow row) {
      last = row;
      // Evaluations count none.
      tokens = row.values().getOrDefault("num_tokens", tokens).longValue();
      metrics.add(row);
      progress.step(row);
    }

    @Override
    public void note(String sentence) {
      PhaseRunner.this.note(index, sentence);
    }

    @Override
    public boolean stopRequested() {
      return stop.requested();
    }

    long tokens() {
      return tokens;
    }

    void writeState(PhaseFolder folder, Phase phase, long steps, long tokens) {
      long planned = last == null ? steps : last.totalSteps();
      files.write(
          "the trainer state of phase " + phase.name(),
          "",
          () -> TrainerState.write(folder, phase, planned, steps, tokens, metrics.rows()));
    }
  }
}
