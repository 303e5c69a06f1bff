package dev.polyphase.phases.objective;

import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.model.Transformer;
import java.util.List;

/** One optimiser step, or of held-out rows one forward pass, as an objective sees it. */
public interface ObjectiveStep {

  /** Its forward passes, in their order. */
  List<MicroBatch> microBatches();

  /**
   * Called before the first of them: what a loss needs to know of all of the step's rows.
   *
   * @param owner of arrays that the step's losses look at
   */
  void begin(Transformer model, NDManager owner);

  /**
   * Called when the step was taken and the outcomes of all are known; of held-out rows it is not.
   */
  default void taken() {}

  /** A step whose rows do not look at each other. */
  static ObjectiveStep of(List<? extends MicroBatch> microBatches) {
    return new Apart(List.copyOf(microBatches));
  }

  /** Rows that do not look at each other. */
  record Apart(List<MicroBatch> microBatches) implements ObjectiveStep {
    @Override
    public void begin(Transformer model, NDManager owner) {}
  }
}
