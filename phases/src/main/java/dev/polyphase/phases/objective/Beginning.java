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
 * @param microBatches the rows of the forward passes to come, each row once: those of the first
 *     pass over the rows, as far as the phase gets. What is computed of these very batches is what
 *     the first step will see, to the last bit
 * @param kept a file in which an objective may keep what it computes, for when the phase is started
 *     again
 * @param weights tells the weights, and how they are computed with, from others
 * @param notes hears a sentence that the user should see
 * @param pause called between forward passes; it may throw to end the phase
 */
public record Beginning(
    Transformer model,
    List<int[]> microBatches,
    Path kept,
    WeightsFingerprint weights,
    Consumer<String> notes,
    Runnable pause) {

  /** What tells weights from others; it may take reading all of them. */
  @FunctionalInterface
  public interface WeightsFingerprint {
    String text() throws IOException;
  }
}
