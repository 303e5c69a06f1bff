package dev.polyphase.dpo;

import dev.polyphase.data.Pair;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.prepared.Pairs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Phases before their first step. */
final class Beginnings {
  private Beginnings() {}

  /** One that keeps what it computes in a file of this folder, of weights by this name. */
  static Beginning in(
      Path folder, String weights, Transformer model, List<int[]> batches, Runnable pause) {
    return new Beginning(
        model, batches, folder.resolve("reference.json"), () -> weights, note -> {}, pause);
  }

  /** One that finds no folder to keep anything in. */
  static Beginning of(Transformer model, List<int[]> batches, Runnable pause) {
    return in(Path.of("/dev/null"), "weights", model, batches, pause);
  }

  /** The log-probabilities of these batches of pairs. */
  static @Nullable PairLogProbs[] logProbs(Transformer model, List<Pair> pairs, List<int[]> batches)
      throws IOException {
    return pass(of(model, batches, () -> {}), Pairs.of(pairs, List.of())).logProbs();
  }

  /** The pass over pairs, each of which an epoch has once. */
  static ReferencePass pass(Beginning start, Pairs pairs) {
    return new ReferencePass(
        start,
        pairs.rows().size(),
        rows -> PairBatch.of(Arrays.stream(rows).mapToObj(pairs.rows()::get).toList()),
        pairs.fingerprint());
  }
}
