package dev.polyphase.orchestrator.bench;

import dev.polyphase.pipelines.Targeting;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/** A selection as a scan would make it, but drawn: of each type the same share of the layers. */
final class DrawnSelection {
  private static final long SEED = 42;

  private DrawnSelection() {}

  /**
   * The selected modules. A smaller share is a part of a larger one.
   *
   * @param layers the model's layers
   * @param percent the share of each type, rounded down
   */
  static Set<String> modules(int layers, int percent) {
    SplittableRandom random = new SplittableRandom(SEED);
    Set<String> modules = new TreeSet<>();
    for (String type : Targeting.PROJECTIONS) {
      List<Integer> left = new ArrayList<>();
      for (int layer = 0; layer < layers; layer++) {
        left.add(layer);
      }
      for (int taken = 0; taken < layers; taken++) {
        int layer = left.remove(random.nextInt(left.size()));
        if (taken < layers * percent / 100) {
          modules.add("model.layers." + layer + "." + type);
        }
      }
    }
    return modules;
  }

  /** The lowest layer that holds one of some modules. */
  static int lowestLayer(Set<String> modules) {
    return modules.stream()
        .mapToInt(module -> Integer.parseInt(module.split("\\.", -1)[2]))
        .min()
        .orElseThrow();
  }
}
