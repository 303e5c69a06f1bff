package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import java.util.LinkedHashMap;
import java.util.Map;

/** The float32 gradients of one optimiser step by parameter name, summed over its micro-batches. */
public final class Gradients {
  private final NDManager owner;
  private final Map<String, NDArray> byName = new LinkedHashMap<>();

  /**
   * No gradients yet.
   *
   * @param owner the manager of the sums; closed at the step's end
   */
  public Gradients(NDManager owner) {
    this.owner = owner;
  }

  /** Adds to a parameter's gradient, and takes the array over. */
  void add(String name, NDArray gradient) {
    NDArray sum = byName.get(name);
    if (sum == null) {
      gradient.attach(owner);
      byName.put(name, gradient);
    } else {
      sum.addi(gradient);
      gradient.close();
    }
  }

  /**
   * A parameter's sum, to be added to in place: zeros where nothing was added yet.
   *
   * @param parameter of the sum's shape, on its device
   */
  NDArray sum(String name, NDArray parameter) {
    return byName.computeIfAbsent(
        name, n -> owner.zeros(parameter.getShape(), DataType.FLOAT32, parameter.getDevice()));
  }

  /** The sums, for parameters that had any. */
  public Map<String, NDArray> byName() {
    return byName;
  }
}
