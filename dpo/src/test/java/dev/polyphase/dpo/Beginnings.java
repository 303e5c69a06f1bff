package dev.polyphase.dpo;

import static java.util.Objects.requireNonNull;

import dev.polyphase.data.Pair;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.prepared.Pairs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Phases before their first step. */
final class Beginnings {
  private Beginnings() {}

  /** One that keeps what it computes in a file of this folder, of weights by this name. */
  static Beginning in(
      Path folder, String weights, Transformer model, List<int[]> batches, Runnable pause) {
    return new Beginning(
        model,
        () -> {
          throw new IllegalStateException("no other model");
        },
        batches,
        true,
        folder.resolve("reference.json"),
        () -> weights,
        note -> {},
        pause);
  }

  /** One that finds no folder to keep anything in. */
  static Beginning of(Transformer model, List<int[]> batches, Runnable pause) {
    return in(Path.of("/dev/null"), "weights", model, batches, pause);
  }

  /** An objective on pairs, each of which an epoch has once. */
  static Preference objective(List<Pair> pairs, LossProgram program, Layout layout) {
    return new Preference(
        Pairs.of(pairs, List.of()),
        Mixture.EACH_ONCE,
        new PairSettings(
            program,
            program.reference() ? Optional.of(new Reference.Precomputed()) : Optional.empty(),
            layout,
            false,
            64,
            true));
  }

  /** Sigmoid DPO. */
  static Preference sigmoid(List<Pair> pairs, double beta, double labelSmoothing) {
    return objective(
        pairs, LossProgram.of(new Dpo(beta, Dpo.LossType.SIGMOID, labelSmoothing)), Layout.PADDED);
  }

  /** The log-probabilities of these batches of pairs. */
  static @Nullable LogProbs[] logProbs(Transformer model, List<Pair> pairs, List<int[]> batches)
      throws IOException {
    try (Preference objective = sigmoid(pairs, 0.1, 0)) {
      objective.begin(of(model, batches, () -> {}));
      return requireNonNull(objective.reference());
    }
  }
}
