package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a model computes with, by name: its frozen tensors, and those that are trained. */
final class ModelTensors {
  private final Map<String, NDArray> frozen = new HashMap<>();
  private final TrainedTensors trained = new TrainedTensors();

  /** What is trained. */
  TrainedTensors trained() {
    return trained;
  }

  /** The tensor of that name, in the compute's dtype or float32. */
  NDArray get(String name) {
    @Nullable NDArray tensor = frozen.get(name);
    return tensor == null ? trained.get(name).compute() : tensor;
  }

  void freeze(String name, NDArray tensor) {
    frozen.put(name, tensor);
  }

  /** Frees a tensor, frozen or trained, with all that belongs to it. */
  void free(String name) {
    @Nullable NDArray tensor = frozen.remove(name);
    if (tensor != null) {
      tensor.close();
    } else {
      trained.leave(name);
    }
  }
}
