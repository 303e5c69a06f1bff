package dev.polyphase.orchestrator.bench;

import dev.polyphase.phases.model.ModelLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** A selection as a scan would make it, but drawn: of each type the same share of the layers. */
final class DrawnSelection {
  private static final long SEED = 42;

  private DrawnSelection() {}

  /**
   * The selected weights. A smaller share is a part of a larger one.
   *
   * @param matrices the matrices of a model's blocks, by name
   * @param percent the share of each type, rounded down, but at least one matrix of each
   */
  static Set<String> weights(Set<String> matrices, int percent) {
    Map<String, List<String>> types = new LinkedHashMap<>();
    for (String matrix : matrices) {
      String type = matrix.substring(ModelLayout.partOf(matrix).length());
      types.computeIfAbsent(type, t -> new ArrayList<>()).add(matrix);
    }
    SplittableRandom random = new SplittableRandom(SEED);
    Set<String> weights = new TreeSet<>();
    for (List<String> type : types.values()) {
      int matricesOfType = type.size();
      int share = Math.max(1, matricesOfType * percent / 100);
      for (int taken = 0; taken < matricesOfType; taken++) {
        String drawn = type.remove(random.nextInt(type.size()));
        if (taken < share) {
          weights.add(drawn);
        }
      }
    }
    return weights;
  }

  /** The lowest layer that holds one of some weights. */
  static int lowestLayer(Set<String> weights) {
    return weights.stream()
        .map(ModelLayout::partOf)
        .mapToInt(block -> Integer.parseInt(block.replaceAll("\\D", "")))
        .min()
        .orElseThrow();
  }
}
