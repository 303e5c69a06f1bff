package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Precision;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A model's tensors by name. Frozen ones are in the compute's precision, where possible the file's
 * own pages; trained ones, and adapters, are float32 masters that may be written to. Where the
 * masters are on the CPU and the model elsewhere, it computes with copies of them in its precision.
 */
final class Weights {
  private final Map<String, NDArray> tensors;
  private final Map<String, NDArray> masters;

  /**
   * Tensors that are in memory.
   *
   * @param tensors by name, in the order of the forward pass
   * @param masters of those that are trained, in this order: the tensors themselves, or what they
   *     are copies of
   */
  Weights(Map<String, NDArray> tensors, Map<String, NDArray> masters) {
    this.tensors = tensors;
    this.masters = masters;
  }

  static Weights load(
      Places places,
      Checkpoint checkpoint,
      ModelLayout layout,
      Set<String> trained,
      Adapters adapters,
      Precision precision)
      throws IOException {
    Weights weights = new Weights(new LinkedHashMap<>(), new LinkedHashMap<>());
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      TensorInfo tensor = checkpoint.find(name).orElseThrow();
      NDManager ofMaster = places.ofMaster(name);
      if (trained.contains(name)) {
        weights.train(tensor, places, precision);
      } else {
        weights.freeze(tensor, places, precision);
      }
      if (adapters.adapt(name)) {
        Parameter a = adapters.a(parameter);
        Parameter b = adapters.b(parameter);
        weights.train(a.name(), adapters.firstA(ofMaster, a), places, precision);
        weights.train(b.name(), adapters.firstB(ofMaster, b), places, precision);
      }
    }
    return weights;
  }

  private void freeze(TensorInfo tensor, Places places, Precision precision) throws IOException {
    int place = places.of(tensor.name());
    NDManager owner = places.manager(place);
    tensors.put(tensor.name(), places.store(place).frozen(owner, tensor, precision));
  }

  private void train(TensorInfo tensor, Places places, Precision precision) throws IOException {
    String name = tensor.name();
    NDArray master =
        places.storeOfMaster(name).writable(places.ofMaster(name), tensor, Precision.FLOAT32);
    train(name, master, places, precision);
  }

  private void train(String name, NDArray master, Places places, Precision precision) {
    int place = places.of(name);
    masters.put(name, master);
    tensors.put(
        name,
        places.mastersOnHost()
            ? places.store(place).copy(places.manager(place), master, precision)
            : master);
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
        free(name, places);
        freeze(to.find(name).orElseThrow(), places, precision);
      }
    }
    // What left has made room for them.
    for (Parameter parameter : layout.parameters()) {
      String name = parameter.name();
      if (trained.contains(name) && !masters.containsKey(name)) {
        free(name, places);
        train(to.find(name).orElseThrow(), places, precision);
      }
    }
    Map<String, NDArray> inOrder = new LinkedHashMap<>();
    for (String name : tensors.keySet()) {
      NDArray master = masters.get(name);
      if (master != null) {
        inOrder.put(name, master);
      }
    }
    masters.clear();
    masters.putAll(inOrder);
  }

  private void free(String name, Places places) {
    get(name).close();
    NDArray master = masters.remove(name);
    if (master != null && places.mastersOnHost()) {
      master.close();
    }
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

  /** What the model computes with in the place of masters that are elsewhere. */
  Map<String, NDArray> copies() {
    Map<String, NDArray> copies = new LinkedHashMap<>();
    masters.keySet().forEach(name -> copies.put(name, get(name)));
    return copies;
  }

  /** The float32 masters of what is trained, in the order of the forward pass. */
  Map<String, NDArray> masters() {
    return masters;
  }
}
