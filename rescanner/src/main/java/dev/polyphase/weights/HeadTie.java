package dev.polyphase.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Whether a model's head is its embeddings, as {@code config.json} and the weights say together.
 */
public enum HeadTie {
  /** The head is a tensor of its own, or there is none. */
  UNTIED,
  /** The head is the embeddings' tensor, which may be stored a second time as the head's. */
  TIED,
  /**
   * {@code config.json} says that the head is tied, but there is one whose values are others. It is
   * an untied head, as it is for transformers 5.
   */
  CONTRADICTED;

  /** The name of the head's tensor. */
  public static final String HEAD = "lm_head.weight";

  /** The key of {@code config.json}. */
  public static final String KEY = "tie_word_embeddings";

  private static final String EMBEDDINGS = "embed_tokens.weight";

  /**
   * What is the case in a checkpoint. Its head and its embeddings are read where it has both and
   * {@code config.json} says that they are tied.
   *
   * @throws InputException where {@code config.json} is no JSON or the key no flag
   */
  public static HeadTie of(Checkpoint checkpoint) throws IOException {
    if (!isAsked(checkpoint.folder().resolve("config.json"))) {
      return UNTIED;
    }
    Optional<TensorInfo> head = checkpoint.find(HEAD);
    Optional<TensorInfo> embeddings = embeddings(checkpoint);
    boolean differ =
        head.isPresent()
            && embeddings.isPresent()
            && !StoredValues.same(head.get(), embeddings.get());
    return differ ? CONTRADICTED : TIED;
  }

  /** The embeddings' tensor, of a model of text or the text's part of a larger one. */
  public static Optional<TensorInfo> embeddings(Checkpoint checkpoint) {
    return checkpoint.tensors().stream()
        .filter(t -> t.name().equals(EMBEDDINGS) || t.name().endsWith("." + EMBEDDINGS))
        .findFirst();
  }

  /** What a user must know of a checkpoint whose head is {@link #CONTRADICTED}. */
  public static Optional<Problem> contradiction(Checkpoint checkpoint) throws IOException {
    return of(checkpoint) == CONTRADICTED
        ? Optional.of(
            new Problem(
                Place.in(checkpoint.folder().resolve("config.json").toString()),
                KEY
                    + " is true, but the weights hold "
                    + HEAD
                    + ", which differs from the embeddings; it is taken for a head of its own, as"
                    + " transformers 5 does, and a model that is trained from this one says false"))
        : Optional.empty();
  }

  /** At the top, or, where that does not say so, in the part about text, as in transformers 5. */
  private static boolean isAsked(Path config) throws IOException {
    if (!InputFile.isThere(config)) {
      return false;
    }
    JsonNode root = JsonFile.read(config);
    return flag(config, root, "") || flag(config, root.path("text_config"), "text_config.");
  }

  private static boolean flag(Path config, JsonNode object, String prefix) {
    JsonNode tied = object.path(KEY);
    if (!tied.isBoolean() && !tied.isNull() && !tied.isMissingNode()) {
      throw new InputException(
          Place.in(config.toString()),
          prefix + KEY + " must be true or false, found " + StrictJson.shown(tied));
    }
    return tied.asBoolean(false);
  }
}
