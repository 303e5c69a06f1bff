package dev.polyphase.phases.training;

import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.batches.Schedule;
import dev.polyphase.phases.batches.Step;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.LearningRate;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.phases.preparation.FailedStep;
import dev.polyphase.phases.preparation.PhaseRows;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one training loop: takes a phase's steps, whatever its objective. */
final class TrainingLoop {
  private final Phase phase;
  private final Transformer model;
  private final PhaseRows rows;
  private final Schedule schedule;
  private final LearningRate learningRate;
  private final OptimizerStep optimizer;
  private final Metrics metrics;
  private final Extras extras;
  private final TrainingState state;
  private final Saves saves;
  private final PhaseListener listener;

  /**
   * What some phases have beside their steps.
   *
   * @param evaluations of held-out rows; null where there are none
   * @param rescans move the model to other tensors; null where it trains these to the end
   * @param guard decides whether a step is taken
   */
  record Extras(@Nullable Evaluations evaluations, @Nullable Rescans rescans, StepGuard guard) {}

  /**
   * A loop over a phase's rows.
   *
   * @param setting the phase, its model and its rows
   * @param metrics hears of each step
   * @param state all that steps change, that of metrics and extras included
   * @param saves writes it into checkpoints
   */
  TrainingLoop(
      Setting setting,
      OptimizerStep optimizer,
      Metrics metrics,
      Extras extras,
      TrainingState state,
      Saves saves,
      PhaseListener listener) {
    this.phase = setting.phase();
    this.model = setting.model();
    this.rows = setting.rows();
    this.schedule = setting.schedule();
    this.learningRate = LearningRate.of(phase, schedule.totalSteps());
    this.optimizer = optimizer;
    this.metrics = metrics;
    this.extras = extras;
    this.state = state;
    this.saves = saves;
    this.listener = listener;
  }

  /**
   * What is trained on what.
   *
   * @param schedule the steps of the rows to train on
   */
  record Setting(Phase phase, Transformer model, PhaseRows rows, Schedule schedule) {}

  /**
   * Takes every step that is left, or as many of them as early stopping leaves.
   *
   * @throws InterruptedTrainingException where that was asked for; the state is saved
   */
  void run() throws IOException {
    try {
      whatIsDue();
      StepFeed feed = new StepFeed(schedule.after(state.step()), rows.training());
      while (!ended() && feed.hasNext()) {
        stopIfRequested();
        StepFeed.Ready ready = feed.next();
        take(ready, feed::prepare);
        Step step = ready.step();
        state.stepped(step.index(), step.epoch());
        if (step.index() % phase.monitoring().loggingSteps() == 0
            || step.index() == schedule.totalSteps()) {
          metrics.addRow(step);
        }
        whatIsDue();
        if (extras.guard().suspicious()) {
          saves.keepOlder();
        } else if (!ended()) {
          saves.after(step.index(), state);
        }
      }
      extras.guard().finish();
      if (extras.evaluations() != null) {
        extras.evaluations().end(state.step(), state.epoch());
      }
    } catch (InterruptedTrainingException e) {
      if (state.step() > 0) {
        saves.now(state.step(), state);
      }
      throw e;
    }
  }

  /**
   * What is due after the last step. Evaluations and rescans write what they keep before they
   * change anything: of a full disk the older checkpoints are removed, and it is tried once more;
   * where that fails too, the state is saved.
   */
  private void whatIsDue() throws IOException {
    try {
      afterStep();
    } catch (IOException e) {
      if (!FileFailure.isDiskFull(e) || state.step() == 0) {
        throw e;
      }
      saves.makeRoom();
      try {
        afterStep();
      } catch (IOException again) {
        saves.now(state.step(), state);
        throw again;
      }
    }
  }

  /**
   * Evaluates and rescans where that is due after the last step, or before the first one, and was
   * not done yet: a phase that was interrupted in between goes on here. It is no time of the steps.
   */
  private void afterStep() throws IOException {
    long startNanos = System.nanoTime();
    long step = state.step();
    Evaluations evaluations = extras.evaluations();
    if (evaluations != null && evaluations.dueAfter(step)) {
      evaluations.after(step, state.epoch());
    }
    if (ended() && metrics.hasSteps()) {
      metrics.addRow(new Step(step, state.epoch(), List.of()));
    }
    Rescans rescans = extras.rescans();
    boolean isBetween = step > 0 && step < schedule.totalSteps() && !ended();
    if (rescans != null && isBetween && rescans.dueAfter(step, schedule.stepsPerEpoch())) {
      rescans.after(step);
    }
    metrics.leaveOut(System.nanoTime() - startNanos);
  }

  /** Whether early stopping has ended the phase. */
  private boolean ended() {
    return extras.evaluations() != null && extras.evaluations().outOfPatience();
  }

  /**
   * Takes a step.
   *
   * @param meanwhile called when the device has been asked for all that comes before the update
   */
  private void take(StepFeed.Ready ready, Runnable meanwhile) {
    long index = ready.step().index();
    model.startStep(index);
    StepSums sums = new StepSums(model, ready.microBatches());
    try (NDManager scratch = model.newScratch()) {
      Gradients gradients = sums.newGradients(scratch);
      ready.rows().begin(model, scratch);
      sums.differentiate(gradients, scratch);
      List<TrainedPart> parts = gradients.parts();
      GradientNorm norm = optimizer.norm(parts, scratch);
      meanwhile.run();
      double loss = sums.loss();
      StepGuard guard = extras.guard();
      guard.checkLoss(index, loss, () -> failed(ready, loss, norm.value(), sums.losses()));
      guard.checkNorm(index, norm.value(), () -> failed(ready, loss, norm.value(), sums.losses()));
      double rate = learningRate.at(index - 1);
      optimizer.update(index, parts, norm, rate);
      long tokens = ready.microBatches().stream().mapToLong(b -> b.tokens().tokens()).sum();
      metrics.add(sums, norm.value(), rate, tokens);
      ready.rows().taken();
    }
  }

  /** A micro-batch without targets has no loss among the others': it counts as 0. */
  private FailedStep failed(StepFeed.Ready ready, double loss, double norm, List<Double> losses) {
    Step step = ready.step();
    Iterator<Double> next = losses.iterator();
    List<FailedStep.MicroBatchRows> microBatches = new ArrayList<>();
    for (int i = 0; i < step.microBatches().size(); i++) {
      double own = ready.microBatches().get(i).tokens().lossTokens() == 0 ? 0 : next.next();
      List<Place> read = rows.training().places(step.microBatches().get(i));
      microBatches.add(new FailedStep.MicroBatchRows(own, read));
    }
    return new FailedStep(step.index(), loss, norm, microBatches);
  }

  private void stopIfRequested() {
    if (listener.stopRequested()) {
      throw new InterruptedTrainingException(state.step());
    }
  }
}
