package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * The projections of a model's blocks, as its tensors are named: matrices in layers that are called
 * {@code ..._proj}, and the {@code w1}, {@code w2} and {@code w3} of experts. All experts' matrices
 * of one projection are one type; routers, norms, head and embeddings are none of them. Of the
 * models that the published scanner knows they are the seven projections.
 */
final class Projections {
  private static final Pattern PROJECTION =
      Pattern.compile("(?:.+\\.)?(?:[^.]*_proj|experts\\.\\*\\.w[123])");

  private Projections() {}

  /** The types, as {@code modules} would name them; none where the model has none. */
  static List<String> of(CheckpointModules modules) {
    Set<String> types = new TreeSet<>();
    for (Map.Entry<ModuleName, TensorInfo> module : modules.weights().entrySet()) {
      String type = module.getKey().sharedType();
      if (module.getKey().layer().isPresent()
          && module.getValue().shape().size() == 2
          && PROJECTION.matcher(type).matches()) {
        types.add(type);
      }
    }
    return List.copyOf(types);
  }
}
