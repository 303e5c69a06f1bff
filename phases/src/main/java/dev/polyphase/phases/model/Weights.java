package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.TensorStore;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A model's tensors by name. Frozen ones are in the compute's precision, where possible the file's
 * own pages; trained ones, and adapters, are float32 masters that may be written to.
 */
final class Weights {
  private final Map<String, NDArray> tensors;
  private final Map<String, NDArray> masters = new LinkedHashMap<>();

  /**
   * Tensors that are in memory.
   *
   * @param tensors by name, in the order of the forward pass
   * @param trained the names of those that are masters
   */
  Weights(Map<String, NDArray> tensors, Set<String> trained) {
    this.tensors = tensors;
    tensors.forEach(
        (name, tensor) -> {
          if (trained.contains(name)) {
            masters.put(name, tensor);
          }
        });
  }

  static Weights load(
      Places places,
      Checkpoint checkpoint,
      ModelLayout layout,
      Set<String> trained,
      Adapters adapters,
      Precision precision)
      throws IOException {
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    Set<String> masters = new HashSet<>(trained);
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      TensorInfo tensor = checkpoint.find(name).orElseThrow();
      tensors.put(name, array(places, tensor, trained.contains(name), precision));
      if (adapters.adapt(name)) {
        NDManager owner = places.manager(places.of(name));
        Parameter a = adapters.a(parameter);
        Parameter b = adapters.b(parameter);
        tensors.put(a.name(), adapters.firstA(owner, a));
        tensors.put(b.name(), adapters.firstB(owner, b));
        masters.addAll(List.of(a.name(), b.name()));
      }
    }
    return new Weights(tensors, masters);
  }

  /**
   * Trains other tensors from now on. Masters that stay are not touched. What leaves is loaded as a
   * frozen tensor, what enters as a master; both, and frozen tensors that lie elsewhere now, from
   * {@code to}. Each array is freed before the one that takes its place is made.
   *
   * @param from where the frozen tensors lie so far
   * @param trained the tensors to train, beside adapters
   */
  void retarget(
      Places places,
      Checkpoint from,
      Checkpoint to,
      ModelLayout layout,
      Set<String> trained,
      Precision precision)
      throws IOException {
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      boolean isWhereItWas = !masters.containsKey(name) && from.find(name).equals(to.find(name));
      if (!trained.contains(name) && !isWhereItWas) {
        get(name).close();
        tensors.put(name, array(places, to.find(name).orElseThrow(), false, precision));
        masters.remove(name);
      }
    }
    // What left has made room for them.
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      if (trained.contains(name) && !masters.containsKey(name)) {
        get(name).close();
        NDArray master = array(places, to.find(name).orElseThrow(), true, precision);
        tensors.put(name, master);
        masters.put(name, master);
      }
    }
    Map<String, NDArray> inOrder = new LinkedHashMap<>(tensors);
    inOrder.keySet().retainAll(masters.keySet());
    masters.clear();
    masters.putAll(inOrder);
  }

  private static NDArray array(
      Places places, TensorInfo tensor, boolean trained, Precision precision) throws IOException {
    int place = places.of(tensor.name());
    NDManager owner = places.manager(place);
    TensorStore store = places.store(place);
    return trained
        ? store.writable(owner, tensor, Precision.FLOAT32)
        : store.frozen(owner, tensor, precision);
  }

  NDArray get(String name) {
    NDArray tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("the model has no tensor " + name);
    }
    return tensor;
  }

  boolean trains(String name) {
    return masters.containsKey(name);
  }

  /** The float32 masters of what is trained, in the order of the forward pass. */
  Map<String, NDArray> masters() {
    return masters;
  }
}
