package dev.polyphase.weights;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.pipelines.problems.Problem;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

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

  /** The name of the head's tensor in a model of text alone. */
  public static final String HEAD = TextNames.PLAIN.head();

  /** The key of {@code config.json}. */
  public static final String KEY = "tie_word_embeddings";

  /** The kinds of models whose head is tied where {@code config.json} does not say so. */
  private static final Set<String> TIED_KINDS =
      Set.of("gemma", "gemma2", "gemma3", "gemma3_text", "mistral3", "smollm3");

  /**
   * What is the case in a checkpoint. Its head and its embeddings are read where it has both and
   * {@code config.json} says that they are tied.
   *
   * @throws InputException where {@code config.json} is no JSON or the key no flag
   */
  public static HeadTie of(Checkpoint checkpoint) throws IOException {
    Optional<Boolean> asked = asked(checkpoint.folder().resolve("config.json"));
    if (!asked.orElse(true)) {
      return UNTIED;
    }
    TextNames names = TextNames.of(checkpoint);
    Optional<TensorInfo> head = checkpoint.find(names.head());
    Optional<TensorInfo> embeddings = checkpoint.find(names.embeddings());
    boolean differ =
        head.isPresent()
            && embeddings.isPresent()
            && !StoredValues.same(head.get(), embeddings.get());
    if (!differ) {
      return TIED;
    }
    // A default that the weights overrule is no contradiction.
    return asked.isPresent() ? CONTRADICTED : UNTIED;
  }

  /** The embeddings' tensor, of a model of text or the text's part of a larger one. */
  public static Optional<TensorInfo> embeddings(Checkpoint checkpoint) throws IOException {
    return checkpoint.find(TextNames.of(checkpoint).embeddings());
  }

  /** What a user must know of a checkpoint whose head is {@link #CONTRADICTED}. */
  public static Optional<Problem> contradiction(Checkpoint checkpoint) throws IOException {
    return of(checkpoint) == CONTRADICTED
        ? Optional.of(
            new Problem(
                Place.in(checkpoint.folder().resolve("config.json").toString()),
                KEY
                    + " is true, but the weights hold "
                    + TextNames.of(checkpoint).head()
                    + ", which differs from the embeddings; it is taken for a head of its own, as"
                    + " transformers 5 does, and a model that is trained from this one says false"))
        : Optional.empty();
  }

  /**
   * Whether it is asked for at the top or in the part about text, as in transformers 5; empty where
   * neither says anything and such models have it tied.
   */
  private static Optional<Boolean> asked(Path config) throws IOException {
    if (!InputFile.isThere(config)) {
      return Optional.of(false);
    }
    JsonNode root = JsonFile.read(config);
    JsonNode text = root.path(TextNames.CONFIG_KEY);
    boolean ofRoot = flag(config, root, "");
    boolean asked = flag(config, text, TextNames.CONFIG_KEY + ".") || ofRoot;
    boolean said = root.has(KEY) || text.has(KEY);
    return asked || said || !isTiedKind(root, text) ? Optional.of(asked) : Optional.empty();
  }

  private static boolean isTiedKind(JsonNode root, JsonNode text) {
    return TIED_KINDS.contains(root.path("model_type").asText())
        || TIED_KINDS.contains(text.path("model_type").asText());
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
