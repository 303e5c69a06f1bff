package dev.polyphase.phases.training;

import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.pipelines.Evaluation;

/**
 * Counts evaluations without an improvement, as Hugging Face's {@code EarlyStoppingCallback}: a
 * loss is an improvement where it is lower than the lowest before by more than the threshold. The
 * lowest moves with every lower loss, improvement or not.
 */
final class EarlyStopping implements Resumable {
  private final Evaluation.EarlyStopping settings;
  private double lowest = Double.POSITIVE_INFINITY;
  private int withoutImprovement;

  EarlyStopping(Evaluation.EarlyStopping settings) {
    this.settings = settings;
  }

  /** Hears of the next held-out loss; whether patience is at its end. */
  boolean endsWith(double loss) {
    withoutImprovement = lowest - loss > settings.threshold() ? 0 : withoutImprovement + 1;
    lowest = Math.min(lowest, loss);
    return withoutImprovement >= settings.patience();
  }

  @Override
  public void save(StateWriter state) {
    state.put("lowest", lowest);
    state.put("without_improvement", withoutImprovement);
  }

  @Override
  public void restore(StateReader state) {
    lowest = state.real("lowest");
    withoutImprovement = (int) state.number("without_improvement");
  }
}
