package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.Evaluation;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Reads what is held out of a phase's rows, when it is evaluated, and what follows from that. */
final class EvaluationReader {
  private final Block phase;
  private final boolean heldOut;

  private EvaluationReader(Block phase, boolean heldOut) {
    this.phase = phase;
    this.heldOut = heldOut;
  }

  /**
   * Reads it from a phase.
   *
   * @param evalDatasets the phase's held-out datasets
   */
  static Evaluation read(Block phase, List<Dataset> evalDatasets) {
    Optional<Amount> valSetSize = phase.amountOrZero("val_set_size", Bounds.STEPS);
    if (valSetSize.isPresent() && !evalDatasets.isEmpty()) {
      phase.refuse(
          "val_set_size", "stands beside eval_datasets, which are held out; remove one of them");
    }
    boolean heldOut = !evalDatasets.isEmpty() || valSetSize.isPresent();
    return new EvaluationReader(phase, heldOut).rest(evalDatasets, valSetSize);
  }

  private Evaluation rest(List<Dataset> evalDatasets, Optional<Amount> valSetSize) {
    Optional<Amount> evalSteps = phase.amountIfAny("eval_steps", Bounds.STEPS);
    if (!heldOut) {
      refuseIfHeld("eval_steps", "needs held-out rows; give eval_datasets or val_set_size");
    }
    return new Evaluation(
        evalDatasets,
        valSetSize,
        evalSteps,
        earlyStopping(evalSteps.isPresent()),
        loadBest(evalSteps));
  }

  private Optional<Evaluation.EarlyStopping> earlyStopping(boolean repeated) {
    OptionalLong patience = phase.wholeIfAny("early_stopping_patience", 1, Bounds.STEPS);
    double threshold =
        phase.number(
            "early_stopping_threshold",
            Range.from0(Bounds.LOSS),
            Defaults.EARLY_STOPPING_THRESHOLD);
    if (heldOut && !repeated) {
      refuseIfHeld("early_stopping_patience", "counts evaluations while training; give eval_steps");
    } else if (!heldOut) {
      refuseIfHeld(
          "early_stopping_patience",
          "counts evaluations of held-out rows; give eval_steps, and eval_datasets or val_set_size");
    }
    if (patience.isEmpty() && phase.owns("early_stopping_threshold")) {
      refuseIfHeld(
          "early_stopping_threshold", "is of early_stopping_patience; give that or remove this");
    }
    return patience.isPresent()
        ? Optional.of(new Evaluation.EarlyStopping((int) patience.getAsLong(), threshold))
        : Optional.empty();
  }

  private boolean loadBest(Optional<Amount> evalSteps) {
    String key = "load_best_model_at_end";
    boolean loadBest = phase.flag(key, Defaults.LOAD_BEST_MODEL_AT_END);
    if (loadBest && (!heldOut || evalSteps.isEmpty())) {
      refuseIfHeld(
          key,
          "chooses among evaluations while training; give eval_steps"
              + (heldOut ? "" : ", and eval_datasets or val_set_size"));
    }
    return loadBest;
  }

  /** What {@code defaults} lacks a phase may have. */
  private void refuseIfHeld(String key, String sentence) {
    if (phase.holds(key) && !phase.isPart()) {
      phase.refuse(key, sentence);
    }
  }
}
