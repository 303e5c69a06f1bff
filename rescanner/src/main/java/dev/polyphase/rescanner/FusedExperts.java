package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Experts that a mixture keeps in one tensor, {@code ...experts.gate_up_proj} of [experts, rows,
 * columns], with or without {@code .weight}. Each expert's part is a matrix of its own; it is named
 * {@code ...experts.gate_up_proj[3]}, which in {@code unfrozen_parameters} means the same part.
 */
final class FusedExperts {
  private static final Pattern NAME = Pattern.compile("(?:.+\\.)?experts\\.[^.]+(?:\\.weight)?");

  private FusedExperts() {}

  static boolean isFused(TensorInfo tensor) {
    return tensor.shape().size() == 3
        && tensor.elements() > 0
        && NAME.matcher(tensor.name()).matches();
  }

  /** The parts of a fused tensor, by module. */
  static SortedMap<ModuleName, TensorInfo> split(TensorInfo tensor) {
    List<Long> shape = tensor.shape();
    long bytes = tensor.byteCount() / shape.get(0);
    SortedMap<ModuleName, TensorInfo> experts = new TreeMap<>();
    for (long expert = 0; expert < shape.get(0); expert++) {
      String name = tensor.name() + "[" + expert + "]";
      experts.put(
          new ModuleName(name),
          new TensorInfo(
              name,
              tensor.type(),
              shape.subList(1, 3),
              tensor.file(),
              tensor.position() + expert * bytes,
              bytes));
    }
    return experts;
  }
}
