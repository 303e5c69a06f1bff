package dev.polyphase.phases.training;

import dev.polyphase.pipelines.Evaluation;

/**
 * Counts evaluations without an improvement, as Hugging Face's {@code EarlyStoppingCallback}: a
 * loss is an improvement where it is lower than the lowest before by more than the threshold. The
 * lowest moves with every lower loss, improvement or not.
 */
final class EarlyStopping {
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
}
