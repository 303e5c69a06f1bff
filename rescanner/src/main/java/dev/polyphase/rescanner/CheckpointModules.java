package dev.polyphase.rescanner;

import static java.util.Objects.requireNonNull;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The modules of a checkpoint that have a weight, each with its tensor; a head that is tied to the
 * embeddings is one of them and shares their tensor.
 *
 * @param checkpoint where the tensors are
 * @param weights the weights by module, in the order of {@link ModuleName}
 */
record CheckpointModules(Checkpoint checkpoint, SortedMap<ModuleName, TensorInfo> weights) {
  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";

  CheckpointModules {
    weights = Collections.unmodifiableSortedMap(new TreeMap<>(weights));
  }

  static CheckpointModules of(Checkpoint checkpoint) throws IOException {
    SortedMap<ModuleName, TensorInfo> weights = new TreeMap<>();
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (tensor.name().endsWith(WEIGHT)) {
        weights.put(new ModuleName(stem(tensor)), tensor);
      }
    }
    TiedHead.sharedTensor(checkpoint)
        .ifPresent(shared -> weights.put(new ModuleName(TiedHead.MODULE), shared));
    return new CheckpointModules(checkpoint, weights);
  }

  /** The same, and each expert of fused tensors instead of those. */
  CheckpointModules withExperts() {
    SortedMap<ModuleName, TensorInfo> all = new TreeMap<>(weights);
    for (TensorInfo tensor : checkpoint.tensors()) {
      if (FusedExperts.isFused(tensor)) {
        all.values().remove(tensor);
        all.putAll(FusedExperts.split(tensor));
      }
    }
    return new CheckpointModules(checkpoint, all);
  }

  /** A module as one to measure, ranked in a type. */
  ScanTarget target(ModuleName module, String type) {
    TensorInfo weight = requireNonNull(weights.get(module));
    long bias = checkpoint.find(module.text() + BIAS).map(TensorInfo::elements).orElse(0L);
    return new ScanTarget(module, type, weight, weight.elements() + bias);
  }

  Set<ModuleName> names() {
    return weights.keySet();
  }

  /** The tensors that a module trains, its weight and its bias; empty where it does not exist. */
  Set<String> tensorsOf(ModuleName module) {
    Set<String> tensors = new LinkedHashSet<>();
    Optional.ofNullable(weights.get(module))
        .ifPresent(
            weight -> {
              tensors.add(weight.name());
              String bias = stem(weight) + BIAS;
              if (checkpoint.contains(bias)) {
                tensors.add(bias);
              }
            });
    return tensors;
  }

  private static String stem(TensorInfo weight) {
    return weight.name().substring(0, weight.name().length() - WEIGHT.length());
  }
}
