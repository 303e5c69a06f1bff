package dev.polyphase.phases.training;

import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.PhaseListener;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.pipelines.Evaluation;
import java.io.IOException;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * When a phase's held-out rows are evaluated, and what follows: whether training ends early, and
 * which weights are the result. The evaluation before the first step counts like every other.
 */
final class Evaluations implements Resumable {
  /** Refuses a figure that is not finite. */
  @FunctionalInterface
  interface FigureCheck {
    void check(String figure, long step, double value) throws IOException;
  }

  private final Evaluation settings;
  private final HeldOut heldOut;
  private final @Nullable BestWeights best;
  private final Metrics metrics;
  private final PhaseListener listener;
  private final FigureCheck finite;
  private final long totalSteps;
  private final Optional<EarlyStopping> earlyStopping;

  private long latestStep = -1;
  private long lowestStep;
  private double lowestLoss = Double.POSITIVE_INFINITY;
  private boolean outOfPatience;
  private @Nullable Margins marginsBefore;
  private @Nullable Margins marginsAfter;

  /**
   * The evaluations of a phase.
   *
   * @param best where the best weights are kept; null where the last ones are the result
   * @param metrics has a row of each
   * @param finite hears of every held-out loss
   * @param totalSteps the steps planned
   */
  Evaluations(
      Evaluation settings,
      HeldOut heldOut,
      @Nullable BestWeights best,
      Metrics metrics,
      PhaseListener listener,
      FigureCheck finite,
      long totalSteps) {
    this.settings = settings;
    this.heldOut = heldOut;
    this.best = best;
    this.metrics = metrics;
    this.listener = listener;
    this.finite = finite;
    this.totalSteps = totalSteps;
    this.earlyStopping = settings.earlyStopping().map(EarlyStopping::new);
  }

  /** Whether there is an evaluation after this step that was not made yet, the last left aside. */
  boolean dueAfter(long step) {
    return step < totalSteps
        && latestStep < step
        && (step == 0
            || (settings.evalSteps().isPresent()
                && step % settings.evalSteps().get().of(totalSteps) == 0));
  }

  /** Evaluates after a step, or with 0 before the first one. */
  void after(long step, double epoch) throws IOException {
    evaluate(step, epoch);
    if (outOfPatience) {
      Evaluation.EarlyStopping stopping = settings.earlyStopping().orElseThrow();
      listener.note(
          String.format(
              Locale.ROOT,
              "ended after step %,d of %,d: the held-out loss has not fallen%s in the last %,d evaluations; the lowest is %.4f, after step %,d",
              step,
              totalSteps,
              stopping.threshold() == 0 ? "" : " by more than " + stopping.threshold(),
              stopping.patience(),
              lowestLoss,
              lowestStep));
    }
  }

  /** Whether training shall end where it was evaluated last. */
  boolean outOfPatience() {
    return outOfPatience;
  }

  /** After the last step that was taken: leaves the model with the weights of the result. */
  void end(long step, double epoch) throws IOException {
    if (latestStep < step) {
      evaluate(step, epoch);
    }
    if (best != null && lowestStep < step) {
      best.giveTo(heldOut.model());
      listener.note(
          String.format(
              Locale.ROOT,
              "the result has the weights after step %,d, whose held-out loss of %.4f is the lowest",
              lowestStep,
              lowestLoss));
    }
  }

  /** The reward margins before the first step; null where the rows are no pairs. */
  @Nullable Margins marginsBefore() {
    return marginsBefore;
  }

  /** Those of the weights of the result; null where the rows are no pairs. */
  @Nullable Margins marginsAfter() {
    return marginsAfter;
  }

  private void evaluate(long step, double epoch) throws IOException {
    MetricsRow figures = heldOut.evaluate(step, epoch, totalSteps);
    double loss = HeldOut.loss(figures);
    finite.check("held-out loss", step, loss);
    boolean lowest = loss < lowestLoss;
    if (lowest && best != null && step < totalSteps) {
      // Before anything changes: where there is no room for them, this evaluation is made again.
      best.keep(heldOut.model());
    }
    metrics.add(figures);
    Optional<Margins> margins = heldOut.margins().map(Margins::copy);
    if (latestStep < 0) {
      marginsBefore = margins.orElse(null);
    }
    if (best == null || lowest) {
      marginsAfter = margins.orElse(null);
    }
    latestStep = step;
    outOfPatience = earlyStopping.isPresent() && earlyStopping.get().endsWith(loss);
    if (lowest) {
      lowestLoss = loss;
      lowestStep = step;
    }
  }

  @Override
  public void save(StateWriter state) throws IOException {
    state.put("latest_step", latestStep);
    state.put("lowest_step", lowestStep);
    state.put("lowest_loss", lowestLoss);
    state.put("out_of_patience", outOfPatience);
    if (marginsBefore != null) {
      marginsBefore.save(state.part("margins_before"));
    }
    if (marginsAfter != null) {
      marginsAfter.save(state.part("margins_after"));
    }
    if (earlyStopping.isPresent()) {
      earlyStopping.get().save(state.part("early_stopping"));
    }
    if (best != null) {
      best.save(state.part("best"));
    }
  }

  @Override
  public void restore(StateReader state) throws IOException {
    latestStep = state.number("latest_step");
    lowestStep = state.number("lowest_step");
    lowestLoss = state.real("lowest_loss");
    outOfPatience = state.flag("out_of_patience");
    marginsBefore = margins(state, "margins_before");
    marginsAfter = margins(state, "margins_after");
    // Either may be asked for since; it then begins here.
    if (earlyStopping.isPresent() && state.has("early_stopping")) {
      earlyStopping.get().restore(state.part("early_stopping"));
    } else {
      outOfPatience = false;
    }
    if (best != null && state.has("best")) {
      best.restore(state.part("best"));
    }
  }

  private @Nullable Margins margins(StateReader state, String name) {
    @Nullable Margins found = heldOut.margins().map(Margins::copy).orElse(null);
    if (found == null || !state.has(name)) {
      return null;
    }
    found.restore(state.part(name));
    return found;
  }
}
