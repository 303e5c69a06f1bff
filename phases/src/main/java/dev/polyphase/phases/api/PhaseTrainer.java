package dev.polyphase.phases.api;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;

/**
 * Trains one phase: a checkpoint in, a checkpoint out. The engine knows nothing more of training.
 *
 * <p>Implementations keep no state between calls.
 */
public interface PhaseTrainer {

  /**
   * Checks all that can be checked before anything is trained or written: the model's configuration
   * and tensors, the tokenizer, every row of the data, and that the settings are implemented.
   *
   * @param listener hears how far reading is
   * @return what the phase will do
   * @throws InputException naming every problem found
   */
  PhasePlan check(PhaseRequest request, ReadingListener listener) throws IOException;

  /**
   * Trains, and writes the result to {@link PhaseRequest#result()}, which appears whole or not at
   * all.
   *
   * @throws InputException as {@link #check} would, or because the result exists already, before
   *     anything is trained
   * @throws TrainingFailedException where a step's loss or gradients forbid its update; its rows
   *     are in {@link PhaseRequest#failedStep()} and, unless it was the first one, the weights
   *     before it in {@link PhaseRequest#lastGood()}
   * @throws OutOfMemoryException where the device's memory does not suffice; nothing was written
   * @throws InterruptedTrainingException when {@link PhaseListener#stopRequested()} said so;
   *     nothing was written
   */
  PhaseResult train(PhaseRequest request, PhaseListener listener) throws IOException;
}
