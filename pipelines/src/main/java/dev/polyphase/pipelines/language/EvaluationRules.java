package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.Evaluation;
import java.util.Optional;

/** What the keys of held-out rows say together. */
final class EvaluationRules {
  private static final Amount NONE = new Amount.Count(0);

  private EvaluationRules() {}

  static Evaluation evaluation(Evaluation read, Block phase) {
    Optional<Amount> valSetSize = read.valSetSize().filter(size -> !size.equals(NONE));
    if (valSetSize.isPresent() && !read.evalDatasets().isEmpty()) {
      phase.refuse(
          "val_set_size", "stands beside eval_datasets, which are held out; remove one of them");
    }
    Evaluation evaluation =
        new Evaluation(
            read.evalDatasets(),
            valSetSize,
            read.evalSteps(),
            read.earlyStopping(),
            read.loadBestModelAtEnd());
    refuseWithoutEffect(evaluation, phase);
    return evaluation;
  }

  private static void refuseWithoutEffect(Evaluation evaluation, Block phase) {
    boolean heldOut = evaluation.holdsOut();
    boolean repeated = evaluation.evalSteps().isPresent();
    if (!heldOut) {
      refuseIfHeld(phase, "eval_steps", "needs held-out rows; give eval_datasets or val_set_size");
      refuseIfHeld(
          phase,
          "early_stopping_patience",
          "counts evaluations of held-out rows; give eval_steps, and eval_datasets or val_set_size");
    } else if (!repeated) {
      refuseIfHeld(
          phase, "early_stopping_patience", "counts evaluations while training; give eval_steps");
    }
    if (!phase.holds("early_stopping_patience") && phase.owns("early_stopping_threshold")) {
      refuseIfHeld(
          phase,
          "early_stopping_threshold",
          "is of early_stopping_patience; give that or remove this");
    }
    if (evaluation.loadBestModelAtEnd() && (!heldOut || !repeated)) {
      refuseIfHeld(
          phase,
          "load_best_model_at_end",
          "chooses among evaluations while training; give eval_steps"
              + (heldOut ? "" : ", and eval_datasets or val_set_size"));
    }
  }

  /** What {@code defaults} lack a phase may have. */
  private static void refuseIfHeld(Block phase, String key, String sentence) {
    if (phase.holds(key) && !phase.isPart()) {
      phase.refuse(key, sentence);
    }
  }
}
