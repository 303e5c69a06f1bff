package dev.polyphase.rescanner;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.util.Optional;

/**
 * A head that is tied to the embeddings and has no tensor: {@code config.json} says {@code
 * tie_word_embeddings: true} and the checkpoint holds no {@code lm_head.weight}. The module {@code
 * lm_head} then exists and its weight is the embeddings' tensor. A head that is stored is a module
 * like any other, whatever {@code config.json} says of it.
 *
 * @param names how its module and its weight would be named
 * @param shared the embeddings
 */
record TiedHead(TextNames names, TensorInfo shared) {
  /** What users call the module, whatever precedes it. */
  static final String MODULE = TextNames.PLAIN.headModule();

  /** A checkpoint's; empty where the head has its own tensor or there is none. */
  static Optional<TiedHead> of(Checkpoint checkpoint) throws IOException {
    TextNames names = TextNames.of(checkpoint);
    return !checkpoint.contains(names.head()) && HeadTie.of(checkpoint) == HeadTie.TIED
        ? HeadTie.embeddings(checkpoint).map(shared -> new TiedHead(names, shared))
        : Optional.empty();
  }
}
