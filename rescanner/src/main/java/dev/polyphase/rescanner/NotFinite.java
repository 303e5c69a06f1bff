package dev.polyphase.rescanner;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.StoredValues;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Tensors of the text model that hold NaN or infinity and that a scan did not measure, as norms and
 * embeddings.
 */
public final class NotFinite {
  /** Elements that are looked at, the smallest tensors first: a few seconds. */
  private static final long MOST_ELEMENTS = 500_000_000;

  private NotFinite() {}

  /**
   * A sentence each about some of them, and one about the rest; of tensors of the model's size
   * none.
   */
  public static List<String> besides(Scan scan, Checkpoint checkpoint) throws IOException {
    TextNames text = TextNames.of(checkpoint);
    Set<String> measured =
        scan.modules().stream()
            .map(module -> module.target().tensor().name())
            .collect(Collectors.toSet());
    List<TensorInfo> others =
        checkpoint.parts().stream()
            .filter(tensor -> text.covers(tensor.name()))
            .filter(
                tensor -> !measured.contains(tensor.name()) && StoredValues.isPlain(tensor.type()))
            .sorted(Comparator.comparingLong(TensorInfo::elements))
            .toList();
    List<String> names = new ArrayList<>();
    long elements = 0;
    for (TensorInfo tensor : others) {
      elements += tensor.elements();
      if (elements > MOST_ELEMENTS) {
        break;
      }
      if (!Double.isFinite(StoredValues.largest(tensor))) {
        names.add(tensor.name());
      }
    }
    return Scan.each(names, "holds NaN or infinity; start from sound weights", "tensors do so too");
  }
}
