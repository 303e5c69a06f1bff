package dev.polyphase.phases.objective;

import dev.polyphase.phases.model.Transformer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A phase before its first step, as an objective sees it.
 *
 * @param model with the weights that the phase starts from
 * @param other the model that the phase's settings name as its reference
 * @param microBatches the rows of the forward passes to come, each row once: those of the first
 *     pass over the rows, as far as the phase gets. What is computed of these very batches is what
 *     the first step will see, to the last bit
 * @param isFirst whether the first step sees these very weights: rows are trained on and no step
 *     was taken yet; a model that goes on from a checkpoint has others by then, and held-out rows
 *     are looked at with the weights as they would be saved
 * @param kept a file in which an objective may keep what it computes, for when the phase is started
 *     again
 * @param weights tells the weights, and how they are computed with, from others
 * @param notes hears a sentence that the user should see
 * @param pause called between forward passes; it may throw to end the phase
 */
public record Beginning(
    Transformer model,
    OtherModel other,
    List<int[]> microBatches,
    boolean isFirst,
    Path kept,
    WeightsFingerprint weights,
    Consumer<String> notes,
    Runnable pause) {

  /**
   * Another model, on the same devices and in the same precision, of which nothing is trained. Its
   * vocabulary is the phase's own model's.
   */
  @FunctionalInterface
  public interface OtherModel {
    /**
     * Loads it beside the phase's own.
     *
     * @return to be closed by who asked, before the first step: training needs the memory
     * @throws IllegalStateException where the phase names no other model
     */
    Opened open() throws IOException;

    /**
     * The model, as long as it is not closed.
     *
     * @param weights tells its weights, and how they are computed with, from others
     */
    record Opened(Transformer model, WeightsFingerprint weights) implements AutoCloseable {
      @Override
      public void close() {
        model.close();
      }
    }
  }

  /** What tells weights from others; it may take reading all of them. */
  @FunctionalInterface
  public interface WeightsFingerprint {
    String text() throws IOException;
  }
}
