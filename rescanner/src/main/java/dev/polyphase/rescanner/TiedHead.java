package dev.polyphase.rescanner;

import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A head that is tied to the embeddings: {@code config.json} says {@code tie_word_embeddings: true}
 * and the checkpoint holds no {@code lm_head.weight}. The module {@code lm_head} then exists and
 * its weight is the embeddings' tensor.
 */
final class TiedHead {
  static final String MODULE = "lm_head";
  static final String WEIGHT = MODULE + ".weight";
  private static final String EMBEDDINGS_WEIGHT = "embed_tokens.weight";

  private TiedHead() {}

  /** The tensor that a tied head shares; empty where the head has its own or there is none. */
  static Optional<TensorInfo> sharedTensor(Checkpoint checkpoint) throws IOException {
    if (checkpoint.contains(WEIGHT) || !saysTied(checkpoint.folder().resolve("config.json"))) {
      return Optional.empty();
    }
    return checkpoint.tensors().stream().filter(tensor -> isEmbeddings(tensor.name())).findFirst();
  }

  private static boolean isEmbeddings(String tensor) {
    return tensor.equals(EMBEDDINGS_WEIGHT) || tensor.endsWith("." + EMBEDDINGS_WEIGHT);
  }

  private static boolean saysTied(Path config) throws IOException {
    if (!Files.exists(config)) {
      return false;
    }
    return JsonFile.read(config).path("tie_word_embeddings").asBoolean(false);
  }
}
