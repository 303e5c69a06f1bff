package dev.polyphase.phases.training;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.phases.model.Master;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.phases.model.TrainedPart;
import dev.polyphase.phases.model.TrainedTensor;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a model trains, with its masters and the optimiser's states; and the file in which what was
 * trained earlier in the phase rests.
 */
final class ModelState implements Resumable {
  private static final String WEIGHTS = "weights";
  private static final String OPTIMIZER = "optimizer";

  /** Behind a tensor's name: the lower half of its master. */
  private static final String LOWER = "#lower";

  private static final String RESTING = "resting.safetensors";

  private final Transformer model;
  private final OptimizerStep optimizer;
  private final PresentWeights present;

  /**
   * The state of a model that trains what the phase begins with.
   *
   * @param present where what is trained no more lies
   */
  ModelState(Transformer model, OptimizerStep optimizer, PresentWeights present) {
    this.model = model;
    this.optimizer = optimizer;
    this.present = present;
  }

  @Override
  public void save(StateWriter state) throws IOException {
    Trainable trainable = model.weights().trainable();
    state.put("trained", trainable.tensors().stream().sorted().toList());
    StateWriter factors = state.part("rate_factors");
    trainable.rateFactors().forEach(factors::put);
    model.devices().await();
    for (TrainedTensor tensor : model.trained()) {
      TensorStore store = model.weights().storeOf(tensor.name());
      state.array(WEIGHTS, tensor.name(), tensor.master().upper(), store);
      tensor
          .master()
          .lower()
          .ifPresent(lower -> state.array(WEIGHTS, tensor.name() + LOWER, lower, store));
      for (TrainedPart part : tensor.parts()) {
        part.state()
            .forEach((name, array) -> state.array(OPTIMIZER, stateName(part, name), array, store));
      }
    }
    present.inUse(model.weights().atRest()).ifPresent(file -> state.file(RESTING, file));
  }

  @Override
  public void restore(StateReader state) throws IOException {
    Trainable begun = model.weights().trainable();
    Set<String> names = new HashSet<>(state.texts("trained"));
    Optional<Checkpoint> resting =
        state.hasFile(RESTING) ? Optional.of(present.adopt(state.file(RESTING))) : Optional.empty();
    if (resting.isPresent() || !names.equals(begun.tensors())) {
      StateReader factors = state.part("rate_factors");
      Map<String, Double> rateFactors = new HashMap<>();
      factors.names().forEach(name -> rateFactors.put(name, factors.real(name)));
      model.retarget(resting.orElse(model.weights().atRest()), begun.with(names, rateFactors));
    }
    List<TrainedPart> updated = new ArrayList<>();
    for (TrainedTensor tensor : model.trained()) {
      readMaster(state, tensor);
      model.weights().masterChanged(tensor);
      tensor.parts().forEach(TrainedPart::forgetState);
      for (TrainedPart part : tensor.parts()) {
        if (state.hasArrays(OPTIMIZER, stateName(part, ""))) {
          updated.add(part);
        }
      }
    }
    optimizer.begin(updated);
    for (TrainedPart part : updated) {
      TensorStore store = model.weights().storeOf(part.tensor().name());
      for (Map.Entry<String, NDArray> array : part.state().entrySet()) {
        state.read(OPTIMIZER, stateName(part, array.getKey()), array.getValue(), store);
      }
    }
  }

  /** Reads a master, whether it was saved as one array or as two, and whichever it is now. */
  private void readMaster(StateReader state, TrainedTensor tensor) throws IOException {
    TensorStore store = model.weights().storeOf(tensor.name());
    Master master = tensor.master();
    try (NDManager scratch = master.upper().getManager().newSubManager()) {
      if (!state.hasArrays(WEIGHTS, tensor.name() + LOWER)) {
        NDArray values = master.values(scratch);
        state.read(WEIGHTS, tensor.name(), values, store);
        master.set(values);
      } else {
        Master.Halves halves =
            master instanceof Master.Halves own ? own : model.weights().newHalves(tensor, scratch);
        state.read(WEIGHTS, tensor.name(), halves.upper(), store);
        state.read(WEIGHTS, tensor.name() + LOWER, halves.rest(), store);
        if (halves != master) {
          master.set(halves.values(scratch));
        }
      }
    }
  }

  private static String stateName(TrainedPart part, String which) {
    return part.name() + "/" + which;
  }
}
