package dev.polyphase.rescanner;

import static java.util.Objects.requireNonNull;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FusedExperts;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The modules of a checkpoint's text model that have a weight, each with its tensor: one expert of
 * a fused tensor with its part of that, a head that is tied to the embeddings with theirs.
 *
 * @param checkpoint where the tensors are
 * @param weights the weights by module; it iterates in the order of {@link ModuleName}
 */
record CheckpointModules(Checkpoint checkpoint, Map<ModuleName, TensorInfo> weights) {
  private static final String WEIGHT = ".weight";
  private static final String BIAS = ".bias";

  CheckpointModules {
    Map<ModuleName, TensorInfo> sorted = new LinkedHashMap<>();
    weights.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .forEach(weight -> sorted.put(weight.getKey(), weight.getValue()));
    weights = Collections.unmodifiableMap(sorted);
  }

  static CheckpointModules of(Checkpoint checkpoint) throws IOException {
    TextNames names = TextNames.of(checkpoint);
    Map<ModuleName, TensorInfo> weights = new HashMap<>();
    for (TensorInfo tensor : checkpoint.parts()) {
      if (!names.covers(tensor.name())) {
        continue;
      }
      if (tensor.name().endsWith(WEIGHT)) {
        weights.put(new ModuleName(stem(tensor)), tensor);
      } else if (FusedExperts.partName(tensor.name()).isPresent() && tensor.shape().size() == 2) {
        weights.put(new ModuleName(tensor.name()), tensor);
      }
    }
    TiedHead.of(checkpoint)
        .ifPresent(head -> weights.put(new ModuleName(head.names().headModule()), head.shared()));
    return new CheckpointModules(checkpoint, weights);
  }

  /** Those that the published scanner knows: all but the experts of fused tensors. */
  CheckpointModules published() {
    Map<ModuleName, TensorInfo> known = new HashMap<>(weights);
    known.keySet().removeIf(module -> FusedExperts.partName(module.text()).isPresent());
    return new CheckpointModules(checkpoint, known);
  }

  /** A module as one to measure, ranked in a type. */
  ScanTarget target(ModuleName module, String type) {
    TensorInfo weight = requireNonNull(weights.get(module));
    long parameters = weight.elements();
    for (String bias : biasNames(module.text())) {
      parameters += checkpoint.find(bias).map(TensorInfo::elements).orElse(0L);
    }
    return new ScanTarget(module, type, weight, parameters);
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
              biasNames(stem(weight)).stream().filter(checkpoint::contains).forEach(tensors::add);
            });
    return tensors;
  }

  /** The name of a module's bias; of one expert of a fused tensor those that it may have. */
  private static List<String> biasNames(String module) {
    return FusedExperts.partName(module)
        .map(FusedExperts::biasNames)
        .orElse(List.of(module + BIAS));
  }

  /** A weight's module, but for a tied head, whose weight is another's. */
  private static String stem(TensorInfo weight) {
    String name = weight.name();
    return name.endsWith(WEIGHT) ? name.substring(0, name.length() - WEIGHT.length()) : name;
  }
}
