package dev.polyphase.phases.api;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.prepared.PreparedRows;
import java.io.IOException;
import java.util.function.Predicate;

/** A phase that passed every check. It holds the phase's rows, and no weights. */
public interface PreparedPhase {

  /** What the phase will do. */
  PhasePlan plan();

  /**
   * Goes through the rows that are wrong and left out, file by file in their order; those of the
   * training data first.
   */
  default void rejected(PreparedRows.RejectedHandler handler) throws IOException {}

  /**
   * Goes through the rows of its training data as they are trained on, in the order of the files;
   * those that {@code val_set_size} holds out are among them.
   *
   * @param handler takes each, and answers whether it wants the next
   */
  default void shown(Predicate<ShownRow> handler) {}

  /** What tells its rows from those of other phases. */
  RowHashes rows();

  /**
   * Trains, and writes the result to {@link PhaseRequest#result()}, which appears whole or not at
   * all. To be called once.
   *
   * @param start what it starts from, a model of the same names, shapes and tokens as that of the
   *     request
   * @throws InputException because the start is wrong or the result exists already, before anything
   *     is trained
   * @throws TrainingFailedException where a step's loss or gradients forbid its update; its rows
   *     are in {@link PhaseRequest#failedStep()} and, unless it was the first one, the weights
   *     before it in {@link PhaseRequest#lastGood()}
   * @throws OutOfMemoryException where the device's memory does not suffice; there is no result
   * @throws InterruptedTrainingException when {@link PhaseListener#stopRequested()} said so; there
   *     is no result
   */
  PhaseResult train(PhaseStart start, PhaseListener listener) throws IOException;
}
