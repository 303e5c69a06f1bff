package dev.polyphase.phases.preparation;

import dev.polyphase.phases.model.ModelLayout;
import dev.polyphase.phases.model.Parameter;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.StoredValues;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The weights that a phase began with, as what may be at fault where a loss or a gradient is no
 * number. All of them are read then, and not before.
 *
 * @param checkpoint where they are
 * @param layout which of its tensors are the model's
 */
public record StartingWeights(Checkpoint checkpoint, ModelLayout layout) {
  /** What helps where updates are too large. */
  public static final String GENTLER = "a lower learning_rate or max_grad_norm may help";

  private static final int NAMES_SHOWN = 3;

  /**
   * What to do about a figure that is no number.
   *
   * @param updates the optimiser steps that were taken before it was computed
   */
  public String adviceAfter(long updates) throws IOException {
    List<String> notFinite = new ArrayList<>();
    String largestName = "";
    double largest = -1;
    for (Parameter parameter : layout.parameters()) {
      TensorInfo tensor = checkpoint.find(parameter.name()).orElseThrow();
      double magnitude = StoredValues.largest(tensor);
      if (!Double.isFinite(magnitude)) {
        notFinite.add(tensor.name());
      } else if (magnitude > largest) {
        largest = magnitude;
        largestName = tensor.name();
      }
    }
    if (!notFinite.isEmpty()) {
      return "the phase began with weights that hold NaN or infinity (%s in %s), which no setting mends; start from sound ones"
          .formatted(shown(notFinite), checkpoint.folder());
    }
    return updates > 0
        ? GENTLER
        : String.format(
            Locale.ROOT,
            "nothing had been learned yet and every weight is finite, so that a value overflows on the way; look at these rows, at the config.json of %s, and at large weights (the largest, %.3g, is in %s)",
            checkpoint.folder(),
            largest,
            largestName);
  }

  private static String shown(List<String> names) {
    String shown = String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size())));
    int more = names.size() - NAMES_SHOWN;
    return more > 0 ? shown + " and %d more tensors".formatted(more) : shown;
  }
}
