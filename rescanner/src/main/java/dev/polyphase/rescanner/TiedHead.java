package dev.polyphase.rescanner;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.Optional;

/**
 * A head that is tied to the embeddings and has no tensor: {@code config.json} says {@code
 * tie_word_embeddings: true} and the checkpoint holds no {@code lm_head.weight}. The module {@code
 * lm_head} then exists and its weight is the embeddings' tensor. A head that is stored is a module
 * like any other, whatever {@code config.json} says of it.
 */
final class TiedHead {
  static final String WEIGHT = HeadTie.HEAD;
  static final String MODULE = "lm_head";

  private TiedHead() {}

  /** The tensor that a tied head shares; empty where the head has its own or there is none. */
  static Optional<TensorInfo> sharedTensor(Checkpoint checkpoint) throws IOException {
    return !checkpoint.contains(WEIGHT) && HeadTie.of(checkpoint) == HeadTie.TIED
        ? HeadTie.embeddings(checkpoint)
        : Optional.empty();
  }
}
