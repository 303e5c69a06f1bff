package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.phases.model.TargetFigures;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.phases.objective.Outcome;
import java.util.List;

/**
 * What a loss is where a model says what a test wants it to.
 *
 * @param outcome the loss and its figures
 * @param gradient of the sum of losses, {@code [n]}
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record AtLogProbs(Outcome outcome, float[] gradient) {

  /**
   * The loss of a step of one forward pass.
   *
   * @param logProbs of its targets
   */
  static AtLogProbs of(Transformer model, Objective objective, int[] rows, float... logProbs) {
    ObjectiveStep step = objective.step(List.of(rows));
    MicroBatch batch = step.microBatches().get(0);
    try (NDManager scratch = model.newScratch()) {
      step.begin(model, scratch);
      NDArray given = scratch.create(logProbs, new Shape(logProbs.length));
      MicroBatch.Evaluation found =
          ((MicroBatch.Loss.Computed) batch.loss())
              .at(new TargetFigures(given, given, given.mul(2)), 1, scratch);
      return new AtLogProbs(
          batch.outcome(found.found().toDoubleArray()), found.gradient().toFloatArray());
    }
  }

  /** Of what the model says itself. */
  static AtLogProbs of(Transformer model, Objective objective, int[] rows) {
    return of(model, objective, rows, logProbs(model, objective, rows));
  }

  /** What the model says. */
  static float[] logProbs(Transformer model, Objective objective, int... rows) {
    return model.logProbs(objective.step(List.of(rows)).microBatches().get(0).tokens());
  }
}
