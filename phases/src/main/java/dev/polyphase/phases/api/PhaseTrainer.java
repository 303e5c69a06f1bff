package dev.polyphase.phases.api;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;

/**
 * Trains phases: a checkpoint in, a checkpoint out. The engine knows nothing more of training.
 *
 * <p>Implementations keep no state between calls; what a phase needs is in its {@link
 * PreparedPhase}.
 */
@FunctionalInterface
public interface PhaseTrainer {

  /**
   * Checks all that can be checked before anything is trained or written: the model's configuration
   * and tensors, the tokenizer, every row of the data, and that the settings are implemented. The
   * rows are read here, once.
   *
   * @param listener hears how far reading is
   * @throws InputException naming every problem found, be it of the model, the rows or the settings
   */
  PreparedPhase prepare(PhaseRequest request, ReadingListener listener) throws IOException;
}
