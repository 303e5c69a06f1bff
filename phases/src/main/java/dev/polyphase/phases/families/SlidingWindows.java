package dev.polyphase.phases.families;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/** The keys of sliding windows. A window is the positions that a token sees, 0 for all. */
final class SlidingWindows {
  static final String SIZE = "sliding_window";

  /** Qwen's: whether there are any. */
  static final String ASKED = "use_sliding_window";

  private static final String LAYER_TYPES = "layer_types";

  /** Where the key is not there; null, which all published Mistrals without one have, is none. */
  private static final int DEFAULT_SIZE = 4096;

  private SlidingWindows() {}

  /** Of families that have no windows where the key is not there either. */
  static int sizeIfGiven(ConfigKeys keys) {
    return keys.positiveOr(0, SIZE);
  }

  static int size(ConfigKeys keys) {
    return keys.positiveOr(keys.names().contains(SIZE) ? 0 : DEFAULT_SIZE, SIZE);
  }

  /** Qwen's: the first layer with a window. */
  static int firstLayer(ConfigKeys keys) {
    return keys.wholeNumberOr(28, "max_window_layers");
  }

  /** Qwen's: only where asked, from a layer on. */
  static List<Integer> whereAsked(ConfigKeys keys, int numLayers) {
    int size = size(keys);
    int window = keys.flag(ASKED, false) ? size : 0;
    int firstLayer = firstLayer(keys);
    return byLayer(keys, numLayers, window, layer -> layer >= firstLayer);
  }

  /** By {@code layer_types}, or where it is not there as the family has it. */
  static List<Integer> byLayer(
      ConfigKeys keys, int numLayers, int window, IntPredicate windowedByDefault) {
    List<Integer> windows = new ArrayList<>();
    if (!keys.has(LAYER_TYPES)) {
      for (int layer = 0; layer < numLayers; layer++) {
        windows.add(windowedByDefault.test(layer) ? window : 0);
      }
      return windows;
    }
    for (JsonNode type : keys.get(LAYER_TYPES)) {
      switch (type.asText()) {
        case "full_attention" -> windows.add(0);
        case "sliding_attention" -> {
          if (window == 0) {
            keys.problem(
                LAYER_TYPES, "asks for sliding_attention, but no sliding window is in use");
          }
          windows.add(window);
        }
        default -> {
          keys.problem(LAYER_TYPES, "has " + type + ", which is not implemented");
          windows.add(0);
        }
      }
    }
    if (keys.sound("num_hidden_layers") && windows.size() != numLayers) {
      keys.problem(
          LAYER_TYPES,
          "must have one entry a layer (%d), found %d".formatted(numLayers, windows.size()));
    }
    return windows;
  }
}
