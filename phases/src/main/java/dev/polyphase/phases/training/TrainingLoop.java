package dev.polyphase.phases.training;

import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.data.Limits;
import dev.polyphase.phases.data.RowOrder;
import dev.polyphase.phases.data.Schedule;
import dev.polyphase.phases.data.Step;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.LearningRate;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The one training loop: takes a phase's steps, whatever its objective. */
final class TrainingLoop {
  private final Phase phase;
  private final Transformer model;
  private final Objective objective;
  private final @Nullable Evaluations evaluations;
  private final @Nullable Rescans rescans;
  private final StepGuard guard;
  private final PhaseListener listener;
  private final Schedule schedule;
  private final LearningRate learningRate;
  private final long seed;
  private long stepsDone;

  /**
   * A loop over a phase's rows.
   *
   * @param schedule the steps of these rows, as {@link #schedule} makes it
   * @param heldOut evaluated before the first step and after the last; null for none
   * @param best keeps the weights of the best evaluation; null where the last are the result
   * @param rescans move the model to other tensors; null where it trains these to the end
   * @param guard decides whether a step is taken
   */
  TrainingLoop(
      Phase phase,
      long seed,
      Transformer model,
      Objective objective,
      Schedule schedule,
      @Nullable Objective heldOut,
      @Nullable BestWeights best,
      @Nullable Rescans rescans,
      StepGuard guard,
      PhaseListener listener) {
    this.phase = phase;
    this.seed = seed;
    this.model = model;
    this.objective = objective;
    this.rescans = rescans;
    this.guard = guard;
    this.listener = listener;
    this.schedule = schedule;
    long steps = schedule.totalSteps();
    this.evaluations =
        heldOut == null
            ? null
            : new Evaluations(
                phase.evaluation(),
                new HeldOut(heldOut, phase.batch().microBatchSize(), this::stopIfRequested),
                model,
                best,
                listener,
                guard::checkHeldOut,
                steps);
    this.learningRate = learningRate(phase, steps);
  }

  /** The steps of a phase on an objective's rows. */
  static Schedule schedule(Phase phase, long seed, Objective objective) {
    return new Schedule(
        objective.tokensOfRow(),
        phase.batch().microBatchSize(),
        phase.batch().gradientAccumulationSteps(),
        new Limits(
            phase.length().numEpochs(), phase.length().maxSteps(), phase.length().maxTokens()),
        new RowOrder(phase.batch().shuffle(), seed));
  }

  /** The learning rates of a phase of so many steps. */
  static LearningRate learningRate(Phase phase, long steps) {
    return new LearningRate(
        phase.learningRates().scheduler(),
        phase.learningRates().highest(),
        phase.learningRates().warmup().steps(steps),
        steps);
  }

  /** The steps taken. */
  long stepsDone() {
    return stepsDone;
  }

  /**
   * Takes every step, or as many as early stopping leaves.
   *
   * @return the tokens trained on
   */
  long run() throws IOException {
    objective.begin(model, schedule.firstEpoch(), this::stopIfRequested);
    if (evaluations != null) {
      evaluations.begin();
    }
    MetricsWindow window = new MetricsWindow(schedule.totalSteps());
    double epoch = takeAllSteps(window);
    guard.finish();
    if (evaluations != null) {
      evaluations.end(stepsDone, epoch);
    }
    return window.numTokens();
  }

  /** Takes the steps and returns the epochs that they made. */
  private double takeAllSteps(MetricsWindow window) throws IOException {
    double epoch = 0;
    try (OptimizerStep optimizer =
        new OptimizerStep(
            model.devices(), phase.optimizer(), phase.optimizer().maxGradNorm(), seed)) {
      StepFeed feed = new StepFeed(schedule.iterator(), objective);
      while (feed.hasNext()) {
        stopIfRequested();
        StepFeed.Ready ready = feed.next();
        Step step = ready.step();
        StepFigures figures = take(ready, feed::prepare, optimizer);
        window.add(figures);
        boolean last = step.index() == schedule.totalSteps();
        boolean logged = step.index() % phase.monitoring().loggingSteps() == 0 || last;
        if (logged) {
          listener.metrics(window.row(step, figures));
        }
        epoch = step.epoch();
        stepsDone = step.index();
        if (endsAfter(step, window)) {
          if (!logged) {
            listener.metrics(window.row(step, figures));
          }
          break;
        }
        if (!last) {
          rescanAfter(step, window);
        }
      }
    }
    return epoch;
  }

  /** Evaluates where that is due, which is no time of the steps. */
  private boolean endsAfter(Step step, MetricsWindow window) throws IOException {
    if (evaluations == null || !evaluations.dueAfter(step)) {
      return false;
    }
    long startNanos = System.nanoTime();
    boolean ends = evaluations.endAfter(step);
    window.leaveOut(System.nanoTime() - startNanos);
    return ends;
  }

  /** Moves to other tensors where that is due, which is no time of the steps either. */
  private void rescanAfter(Step step, MetricsWindow window) throws IOException {
    if (rescans == null || !rescans.dueAfter(step.index(), schedule.stepsPerEpoch())) {
      return;
    }
    long startNanos = System.nanoTime();
    rescans.after(step.index());
    window.leaveOut(System.nanoTime() - startNanos);
  }

  /**
   * Takes a step.
   *
   * @param meanwhile called when the device has been asked for all that comes before the update
   */
  private StepFigures take(StepFeed.Ready ready, Runnable meanwhile, OptimizerStep optimizer) {
    long index = ready.step().index();
    model.startStep(index);
    StepSums sums = new StepSums(ready.microBatches());
    try (NDManager scratch = model.newScratch()) {
      Gradients gradients = new Gradients(scratch);
      for (MicroBatch batch : ready.microBatches()) {
        sums.differentiate(batch, model, gradients, scratch);
      }
      List<TrainedPart> parts = gradients.parts();
      GradientNorm norm = optimizer.norm(parts, scratch);
      meanwhile.run();
      double loss = sums.loss();
      guard.checkLoss(index, loss, () -> failed(ready, loss, norm.value(), sums.losses()));
      guard.checkNorm(index, norm.value(), () -> failed(ready, loss, norm.value(), sums.losses()));
      double rate = learningRate.at(index - 1);
      optimizer.update(index, parts, norm, rate);
      long tokens = ready.microBatches().stream().mapToLong(b -> b.tokens().tokens()).sum();
      return new StepFigures(loss, norm.value(), rate, tokens, sums.means());
    }
  }

  /** A micro-batch without targets has no loss among the others': it counts as 0. */
  private FailedStep failed(StepFeed.Ready ready, double loss, double norm, List<Double> losses) {
    Step step = ready.step();
    Iterator<Double> next = losses.iterator();
    List<FailedStep.MicroBatchRows> microBatches = new ArrayList<>();
    for (int i = 0; i < step.microBatches().size(); i++) {
      double own = ready.microBatches().get(i).tokens().lossTokens() == 0 ? 0 : next.next();
      List<Place> rows = objective.places(step.microBatches().get(i));
      microBatches.add(new FailedStep.MicroBatchRows(own, rows));
    }
    return new FailedStep(step.index(), loss, norm, microBatches);
  }

  private void stopIfRequested() {
    if (listener.stopRequested()) {
      throw new InterruptedTrainingException(stepsDone);
    }
  }
}
