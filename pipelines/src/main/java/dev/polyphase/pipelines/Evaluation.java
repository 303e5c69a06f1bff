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
    @Key(
            means = "held-out rows, evaluated before and after the phase",
            items = 0,
            wanted = "a list of {path: ...}")
        List<Dataset> evalDatasets,
    @Key(
            means =
                "rows of `datasets` to hold out, a number or a share below 1; drawn by the seed,"
                    + " the same of the same rows; not beside `eval_datasets`",
            absent = "0",
            from = 0,
            to = Key.STEPS,
            rival = "eval_datasets")
        Optional<Amount> valSetSize,
    @Key(
            means =
                "steps between two evaluations, or their share of the phase; held-out rows are"
                    + " evaluated before the first step and after the last anyway",
            from = 1,
            to = Key.STEPS)
        Optional<Amount> evalSteps,
    Optional<EarlyStopping> earlyStopping,
    @Key(
            means =
                "whether the result is the weights of the lowest held-out loss, rather than the"
                    + " last",
            absent = "false")
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
  public record EarlyStopping(
      @Key(
              name = "early_stopping_patience",
              means =
                  "ends the phase after so many evaluations in a row that do not improve on the"
                      + " lowest held-out loss",
              from = 1,
              to = Key.STEPS)
          int patience,
      @Key(
              name = "early_stopping_threshold",
              means = "improvements by no more than this do not count",
              absent = "0",
              from = 0,
              to = Key.LOSS)
          double threshold) {}
}
