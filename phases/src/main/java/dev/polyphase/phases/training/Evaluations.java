package dev.polyphase.phases.training;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.data.Step;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.pipelines.Evaluation;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When a phase's held-out rows are evaluated, and what follows: whether training ends early, and
 * which weights are the result. The evaluation before the first step counts like every other.
 */
final class Evaluations {
  /** Refuses a figure that is not finite. */
  @FunctionalInterface
  interface FigureCheck {
    void check(String figure, long step, double value) throws IOException;
  }

  private final Evaluation settings;
  private final HeldOut heldOut;
  private final Transformer model;
  private final @Nullable BestWeights best;
  private final PhaseListener listener;
  private final FigureCheck finite;
  private final long totalSteps;
  private final Optional<EarlyStopping> earlyStopping;

  private long latestStep;
  private long lowestStep;
  private double lowestLoss = Double.POSITIVE_INFINITY;
  private boolean outOfPatience;

  /**
   * The evaluations of a phase.
   *
   * @param best where the best weights are kept; null where the last ones are the result
   * @param finite hears of every held-out loss
   * @param totalSteps the steps planned
   */
  Evaluations(
      Evaluation settings,
      HeldOut heldOut,
      Transformer model,
      @Nullable BestWeights best,
      PhaseListener listener,
      FigureCheck finite,
      long totalSteps) {
    this.settings = settings;
    this.heldOut = heldOut;
    this.model = model;
    this.best = best;
    this.listener = listener;
    this.finite = finite;
    this.totalSteps = totalSteps;
    this.earlyStopping = settings.earlyStopping().map(EarlyStopping::new);
  }

  /** Before the first step. */
  void begin() throws IOException {
    heldOut.begin(model);
    evaluate(0, 0);
  }

  /** Whether there is an evaluation after this step, the last left aside. */
  boolean dueAfter(Step step) {
    return step.index() < totalSteps
        && settings.evalSteps().isPresent()
        && step.index() % settings.evalSteps().get().of(totalSteps) == 0;
  }

  /** After a step: whether training shall end here. */
  boolean endAfter(Step step) throws IOException {
    evaluate(step.index(), step.epoch());
    if (outOfPatience) {
      Evaluation.EarlyStopping stopping = settings.earlyStopping().orElseThrow();
      listener.note(
          String.format(
              Locale.ROOT,
              "ended after step %,d of %,d: the held-out loss has not fallen%s in the last %,d evaluations; the lowest is %.4f, after step %,d",
              step.index(),
              totalSteps,
              stopping.threshold() == 0 ? "" : " by more than " + stopping.threshold(),
              stopping.patience(),
              lowestLoss,
              lowestStep));
    }
    return outOfPatience;
  }

  /** After the last step that was taken: leaves the model with the weights of the result. */
  void end(long step, double epoch) throws IOException {
    if (latestStep < step) {
      evaluate(step, epoch);
    }
    if (best != null && lowestStep < step) {
      best.restore(model);
      listener.note(
          String.format(
              Locale.ROOT,
              "the result has the weights after step %,d, whose held-out loss of %.4f is the lowest",
              lowestStep,
              lowestLoss));
    }
  }

  private void evaluate(long step, double epoch) throws IOException {
    MetricsRow figures = heldOut.evaluate(model, step, epoch, totalSteps);
    double loss = HeldOut.loss(figures);
    finite.check("held-out loss", step, loss);
    listener.metrics(figures);
    latestStep = step;
    outOfPatience = earlyStopping.isPresent() && earlyStopping.get().endsWith(loss);
    if (loss < lowestLoss) {
      lowestLoss = loss;
      lowestStep = step;
      if (best != null && step < totalSteps) {
        best.keep(model);
      }
    }
  }
}
