package dev.polyphase.phases.model;

import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** What a phase trains, in the order of the forward pass. It changes where a phase rescans. */
public final class TrainedTensors implements Iterable<TrainedTensor> {
  private final Map<String, TrainedTensor> byName = new LinkedHashMap<>();

  /** Begins to train a tensor, for now behind the others. */
  void enter(TrainedTensor tensor) {
    byName.put(tensor.name(), tensor);
  }

  /** Trains a tensor no more: its arrays and the optimiser's states are freed. */
  void leave(String name) {
    TrainedTensor tensor = byName.remove(name);
    if (tensor != null) {
      tensor.close();
    }
  }

  /** Puts them in the order of these names, which are all of theirs and others. */
  void order(List<String> names) {
    for (String name : names) {
      TrainedTensor tensor = byName.remove(name);
      if (tensor != null) {
        byName.put(name, tensor);
      }
    }
  }

  /** Whether a tensor of that name is trained. */
  public boolean contains(String name) {
    return byName.containsKey(name);
  }

  /** The tensor of that name, if it is trained. */
  public Optional<TrainedTensor> find(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** The tensor of that name, which is trained. */
  public TrainedTensor get(String name) {
    TrainedTensor tensor = byName.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException(name + " is not trained");
    }
    return tensor;
  }

  /** Their names, in order. */
  public Set<String> names() {
    return Collections.unmodifiableSet(byName.keySet());
  }

  @Override
  public Iterator<TrainedTensor> iterator() {
    return Collections.unmodifiableCollection(byName.values()).iterator();
  }
}
