package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.phases.model.Gradients;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.optimizer.HostMasters;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.phases.optimizer.TrainedRows;
import dev.polyphase.pipelines.Phase;
import java.util.Map;

/**
 * What a model trains at the moment, as an optimiser sees it: of a tensor that is trained in part,
 * the rows that are.
 */
final class TrainedState implements AutoCloseable {
  private final Transformer model;
  private final NDManager owner;
  private final TrainedRows rows;
  private TrainedParts parts;
  private Map<String, NDArray> masters;
  private Map<String, NDArray> copies;

  TrainedState(Transformer model, TrainedParts parts) {
    this.model = model;
    this.parts = parts;
    this.owner = model.newScratch();
    this.rows = new TrainedRows(owner, parts.rows());
    this.masters = rows.of(model.masters(), owner);
    this.copies = model.mastersOnHost() ? rows.of(model.copies(), owner) : Map.of();
  }

  /**
   * An optimiser without states, which follows this where it moves.
   *
   * @param seed the pipeline's
   */
  OptimizerStep newOptimizer(Phase phase, long seed) {
    if (!model.mastersOnHost()) {
      return new OptimizerStep(
          model.places(), model::placeOf, phase.optimizer(), phase.optimizer().maxGradNorm(), seed);
    }
    HostMasters host =
        new HostMasters(model.host(), () -> copies, model.onGpu(), model::awaitDevices);
    return OptimizerStep.onHost(
        host,
        model.places(),
        model::placeOf,
        phase.optimizer(),
        phase.optimizer().maxGradNorm(),
        seed);
  }

  TrainedParts parts() {
    return parts;
  }

  Map<String, NDArray> masters() {
    return masters;
  }

  /** A step's gradients by the names of the masters. */
  Map<String, NDArray> of(Gradients gradients, NDManager scratch) {
    return rows.of(gradients.byName(), scratch);
  }

  /** Follows the model to other tensors, all of which are trained whole. */
  void moveTo(TrainedParts others) {
    parts = others;
    masters = model.masters();
    copies = model.mastersOnHost() ? model.copies() : Map.of();
  }

  @Override
  public void close() {
    rows.close();
    owner.close();
  }
}
