package dev.polyphase.pipelines;

import java.util.List;
import java.util.Optional;

/**
 * How a phase is measured on held-out rows while it trains, and what follows from that.
 *
 * @param evalDatasets held-out rows
 * @param valSetSize how many rows of the datasets are held out; empty for none
 * @param evalSteps the steps between two evaluations, a share being one of the phase's steps; empty
 *     for evaluations before the first step and after the last alone
 * @param earlyStopping when to give up; empty for never
 * @param loadBestModelAtEnd whether the result is the weights of the lowest held-out loss rather
 *     than those of the last step
 */
public record Evaluation(
    List<Dataset> evalDatasets,
    Optional<Amount> valSetSize,
    Optional<Amount> evalSteps,
    Optional<EarlyStopping> earlyStopping,
    boolean loadBestModelAtEnd) {

  public Evaluation {
    evalDatasets = List.copyOf(evalDatasets);
  }

  /** Whether some rows are held out. */
  public boolean holdsOut() {
    return !evalDatasets.isEmpty() || valSetSize.isPresent();
  }

  /**
   * Ends a phase that no longer gets better.
   *
   * @param patience the evaluations in a row without an improvement after which it ends, at least 1
   * @param threshold how much lower than the lowest before a loss must be to be an improvement
   */
  public record EarlyStopping(int patience, double threshold) {}
}
