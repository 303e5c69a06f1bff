package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a model computes with, by name: its frozen tensors, and those that are trained. */
final class ModelTensors {
  private final Map<String, NDArray> frozen = new HashMap<>();
  private final TrainedTensors trained = new TrainedTensors();
  private final Masters masters;
  private @Nullable View view;

  /**
   * None yet.
   *
   * @param masters adds up gradients
   */
  ModelTensors(Masters masters) {
    this.masters = masters;
  }

  /** Adds to a trained tensor's gradient of a step, and takes the array over. */
  void addGradient(String name, Gradients step, NDArray more) {
    trained.get(name).addGradient(step, more, masters);
  }

  /** A trained tensor's gradient of a step, float32, to be added to in place. */
  NDArray gradientToAddTo(String name, Gradients step) {
    return trained.get(name).gradientToAddTo(step, masters);
  }

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

  /** Shows arrays in the place of the model's own. */
  @FunctionalInterface
  interface View {
    /**
     * What is computed with in the place of a tensor; null for itself.
     *
     * @param owner of the array
     */
    @Nullable NDArray of(String name, NDManager owner);
  }

  /** Shows the model otherwise from now on; null for as it is. */
  void show(@Nullable View other) {
    view = other;
  }

  /** Shows the model otherwise while something is computed, whatever it is shown as before. */
  <T> T showing(View other, Supplier<T> computation) {
    @Nullable View before = view;
    view = other;
    try {
      return computation.get();
    } finally {
      view = before;
    }
  }

  /**
   * The tensor of that name, as the model is shown.
   *
   * @param owner of an array that is made for it
   */
  NDArray get(String name, NDManager owner) {
    @Nullable NDArray shown = view == null ? null : view.of(name, owner);
    return shown == null ? get(name) : shown;
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
