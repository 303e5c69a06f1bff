package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.data.Limits;
import dev.polyphase.phases.data.RowOrder;
import dev.polyphase.phases.data.Schedule;
import dev.polyphase.phases.data.Step;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.HostMasters;
import dev.polyphase.phases.optimizer.LearningRate;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.phases.optimizer.TrainedRows;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
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
  private TrainedParts parts;
  private Map<String, NDArray> copies = Map.of();
  private long stepsDone;

  /**
   * A loop over a phase's rows.
   *
   * @param parts what the model trains at first
   * @param heldOut evaluated before the first step and after the last; null for none
   * @param best keeps the weights of the best evaluation; null where the last are the result
   * @param rescans move the model to other tensors; null where it trains these to the end
   * @param guard decides whether a step is taken
   */
  TrainingLoop(
      Phase phase,
      long seed,
      Transformer model,
      TrainedParts parts,
      Objective objective,
      @Nullable Objective heldOut,
      @Nullable BestWeights best,
      @Nullable Rescans rescans,
      StepGuard guard,
      PhaseListener listener) {
    this.phase = phase;
    this.model = model;
    this.parts = parts;
    this.objective = objective;
    this.rescans = rescans;
    this.guard = guard;
    this.listener = listener;
    this.schedule = schedule(phase, seed, objective);
    long steps = schedule.totalSteps();
    this.evaluations =
        heldOut == null
            ? null
            : new Evaluations(
                phase.evaluation(),
                new HeldOut(heldOut, phase.microBatchSize(), this::stopIfRequested),
                model,
                best,
                listener,
                this::requireFinite,
                steps);
    this.learningRate =
        new LearningRate(
            phase.lrScheduler(), phase.learningRate(), phase.warmup().steps(steps), steps);
  }

  /** The steps of a phase on an objective's rows. */
  static Schedule schedule(Phase phase, long seed, Objective objective) {
    return new Schedule(
        objective.tokensOfRow(),
        phase.microBatchSize(),
        phase.gradientAccumulationSteps(),
        new Limits(phase.numEpochs(), phase.maxSteps(), phase.maxTokens()),
        new RowOrder(phase.shuffle(), seed));
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
    try (NDManager states = model.newScratch();
        TrainedRows trainedRows = new TrainedRows(states, parts.rows());
        OptimizerStep optimizer = newOptimizer(trainedRows, states)) {
      Map<String, NDArray> masters = trainedRows.of(model.masters(), states);
      StepFeed feed = new StepFeed(schedule.iterator(), objective);
      while (feed.hasNext()) {
        stopIfRequested();
        StepFeed.Ready ready = feed.next();
        Step step = ready.step();
        StepFigures figures = take(ready, feed::prepare, optimizer, masters, trainedRows);
        window.add(figures);
        boolean last = step.index() == schedule.totalSteps();
        boolean logged = step.index() % phase.loggingSteps() == 0 || last;
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
        if (!last && rescannedAfter(step, optimizer, window)) {
          // Rows are of a phase that stays where it is.
          masters = model.masters();
          copies = model.copies();
        }
      }
    }
    return epoch;
  }

  private OptimizerStep newOptimizer(TrainedRows trainedRows, NDManager states) {
    if (!model.mastersOnHost()) {
      return new OptimizerStep(
          model.places(), model::placeOf, phase.optimizer(), phase.maxGradNorm());
    }
    copies = trainedRows.of(model.copies(), states);
    HostMasters masters =
        new HostMasters(model.host(), () -> copies, model.onGpu(), model::awaitDevices);
    return OptimizerStep.onHost(
        masters, model.places(), model::placeOf, phase.optimizer(), phase.maxGradNorm());
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
  private boolean rescannedAfter(Step step, OptimizerStep optimizer, MetricsWindow window)
      throws IOException {
    if (rescans == null || !rescans.dueAfter(step.index(), schedule.stepsPerEpoch())) {
      return false;
    }
    long startNanos = System.nanoTime();
    parts = rescans.after(step.index(), parts, optimizer);
    window.leaveOut(System.nanoTime() - startNanos);
    return true;
  }

  /**
   * Takes a step.
   *
   * @param meanwhile called when the device has been asked for all that comes before the update
   */
  private StepFigures take(
      StepFeed.Ready ready,
      Runnable meanwhile,
      OptimizerStep optimizer,
      Map<String, NDArray> masters,
      TrainedRows trainedRows) {
    Step step = ready.step();
    List<MicroBatch> microBatches = ready.microBatches();
    model.startStep(step.index());
    // The loss is a mean over the whole step, so that its size is needed before the first backward.
    double weight = microBatches.stream().mapToInt(MicroBatch::weight).sum();
    Sums sums = new Sums(weight);
    try (NDManager scratch = model.newScratch()) {
      Gradients gradients = new Gradients(scratch);
      for (MicroBatch batch : microBatches) {
        differentiate(batch, sums, gradients, scratch);
      }
      Map<String, NDArray> trained = trainedRows.of(gradients.byName(), scratch);
      GradientNorm norm = optimizer.norm(trained, scratch);
      meanwhile.run();
      double loss = sums.loss();
      guard.checkLoss(step.index(), loss, () -> failed(ready, loss, norm.value(), sums.losses));
      guard.checkNorm(
          step.index(), norm.value(), () -> failed(ready, loss, norm.value(), sums.losses));
      double rate = learningRate.at(step.index() - 1);
      optimizer.update(masters, trained, norm, name -> rate * parts.rateFactors().of(name));
      long tokens = microBatches.stream().mapToLong(batch -> batch.tokens().tokens()).sum();
      return new StepFigures(loss, norm.value(), rate, tokens, sums.means());
    }
  }

  /** A forward and a backward pass; where the loss is linear, its figures are read later. */
  private void differentiate(MicroBatch batch, Sums sums, Gradients gradients, NDManager scratch) {
    OptionalDouble slope = batch.slope();
    if (slope.isPresent()) {
      model
          .differentiate(batch.tokens(), slope.getAsDouble() / sums.weight, gradients, scratch)
          .ifPresent(logProbs -> sums.addLater(batch, logProbs));
    } else {
      model.differentiate(
          batch.tokens(), logProbs -> sums.add(batch, batch.evaluate(logProbs)), gradients);
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

  private void requireFinite(String figure, long step, double value) {
    if (!Double.isFinite(value)) {
      throw new TrainingFailedException(
          step == 0
              ? "phase %s: the %s before training is %s; look for weights that are no numbers, or so large that they overflow"
                  .formatted(phase.name(), figure, value)
              : "phase %s: the %s of step %d is %s; a lower learning_rate or max_grad_norm may help"
                  .formatted(phase.name(), figure, step, value));
    }
  }

  private void stopIfRequested() {
    if (listener.stopRequested()) {
      throw new InterruptedTrainingException(stepsDone);
    }
  }

  /** The sums of one step over its micro-batches. */
  private static final class Sums {
    private final double weight;
    private final List<Unread> unread = new ArrayList<>();
    private final Map<String, Double> figures = new LinkedHashMap<>();
    private final List<Double> losses = new ArrayList<>();
    private double loss;

    private Sums(double weight) {
      this.weight = weight;
    }

    /** Adds a micro-batch and returns its part of the gradient of the step's mean loss. */
    private float[] add(MicroBatch batch, Outcome outcome) {
      losses.add(outcome.lossSum() / batch.weight());
      loss += outcome.lossSum();
      outcome.figures().forEach((name, sum) -> figures.merge(name, sum, Double::sum));
      float[] gradient = outcome.gradient();
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = (float) (gradient[i] / weight);
      }
      return gradient;
    }

    /** Adds a micro-batch once its log-probabilities are there. */
    private void addLater(MicroBatch batch, NDArray logProbs) {
      unread.add(new Unread(batch, logProbs));
    }

    /** Waits for the device. */
    private double loss() {
      unread.forEach(one -> add(one.batch(), one.batch().evaluate(one.logProbs().toFloatArray())));
      unread.clear();
      return loss / weight;
    }

    private Map<String, Double> means() {
      Map<String, Double> means = new LinkedHashMap<>();
      figures.forEach((name, sum) -> means.put(name, sum / weight));
      return means;
    }
  }

  /**
   * A micro-batch whose loss has not been asked for yet.
   *
   * @param logProbs of each target, {@code [n]}, on the device
   */
  private record Unread(MicroBatch batch, NDArray logProbs) {}
}
