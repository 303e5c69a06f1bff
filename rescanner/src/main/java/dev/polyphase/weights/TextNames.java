package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * How a checkpoint names the tensors of its text model. A model of text alone has {@code
 * model.embed_tokens.weight} and {@code lm_head.weight}; one that sees or hears too has its text
 * model below a name of its own, in either layout that there is.
 *
 * @param prefix what precedes {@code embed_tokens.weight}, {@code layers.0.} and {@code
 *     norm.weight}: {@code model.}, {@code model.language_model.}, {@code language_model.model.}
 * @param head the name of the head's tensor, whether it is stored or tied to the embeddings
 * @param wrapped whether the text model is a part of a larger one
 */
public record TextNames(String prefix, String head, boolean wrapped) {
  private static final String EMBEDDINGS = "embed_tokens.weight";

  /** The key of {@code config.json} that holds what a larger model says of its text model. */
  public static final String CONFIG_KEY = "text_config";

  private static final String WEIGHT = ".weight";
  private static final String HEAD = "lm_head" + WEIGHT;

  /** The names of a model of text alone. */
  public static final TextNames PLAIN = new TextNames("model.", HEAD, false);

  private static final List<String> PLAIN_PARTS = List.of("embed_tokens.", "layers.", "norm.");

  /** The newer layout of transformers and the older one. */
  private static final List<TextNames> WRAPPED =
      List.of(
          new TextNames("model.language_model.", HEAD, true),
          new TextNames("language_model.model.", "language_model." + HEAD, true));

  /**
   * The names that a checkpoint has: those of its tensors decide, and of a model in the plain
   * layout whether {@code config.json} has a {@code text_config}.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where {@code config.json} is no JSON
   */
  public static TextNames of(Checkpoint checkpoint) throws IOException {
    for (TextNames names : WRAPPED) {
      if (isPrefix(names.prefix, checkpoint)) {
        return names.withHeadOf(checkpoint);
      }
    }
    boolean hasPart = hasTextPart(checkpoint.folder().resolve("config.json"));
    String prefix =
        isPrefix(PLAIN.prefix, checkpoint)
            ? PLAIN.prefix
            : embeddingsPrefix(checkpoint).orElse(PLAIN.prefix);
    return new TextNames(prefix, HEAD, hasPart).withHeadOf(checkpoint);
  }

  /** The names that a model has whose modules are called so; of text alone where nothing tells. */
  public static TextNames ofModules(Collection<String> modules) {
    for (TextNames names : WRAPPED) {
      if (modules.stream().anyMatch(module -> module.startsWith(names.prefix))) {
        return names.withHead(
            !modules.contains(names.headModule()) && modules.contains(PLAIN.headModule()));
      }
    }
    return PLAIN;
  }

  /** Whether it is a part of a larger model that transformers has under other names in memory. */
  public boolean isOlderLayout() {
    return wrapped && !prefix.equals(WRAPPED.get(0).prefix);
  }

  /** The name of the embeddings' tensor. */
  public String embeddings() {
    return prefix + EMBEDDINGS;
  }

  /** The name of the head's module, {@code lm_head}. */
  public String headModule() {
    return head.substring(0, head.length() - WEIGHT.length());
  }

  /**
   * Whether a tensor is the text model's: all are, where there is nothing beside it. Below {@code
   * model.} there may be other parts too, so that of a larger model only what texts need is meant.
   */
  public boolean covers(String tensorName) {
    if (!wrapped || tensorName.startsWith(headModule() + ".")) {
      return true;
    }
    return prefix.equals(PLAIN.prefix)
        ? PLAIN_PARTS.stream().anyMatch(part -> tensorName.startsWith(prefix + part))
        : tensorName.startsWith(prefix);
  }

  /** Some checkpoints mix the two layouts. */
  private TextNames withHeadOf(Checkpoint checkpoint) {
    return withHead(!checkpoint.contains(head) && checkpoint.contains(HEAD));
  }

  private TextNames withHead(boolean outside) {
    return outside ? new TextNames(prefix, HEAD, wrapped) : this;
  }

  private static boolean isPrefix(String prefix, Checkpoint checkpoint) {
    return checkpoint.contains(prefix + EMBEDDINGS)
        || checkpoint.tensors().stream()
            .anyMatch(tensor -> tensor.name().startsWith(prefix + "layers."));
  }

  private static Optional<String> embeddingsPrefix(Checkpoint checkpoint) {
    return checkpoint.tensors().stream()
        .map(TensorInfo::name)
        .filter(name -> name.equals(EMBEDDINGS) || name.endsWith("." + EMBEDDINGS))
        .map(name -> name.substring(0, name.length() - EMBEDDINGS.length()))
        .findFirst();
  }

  private static boolean hasTextPart(Path config) throws IOException {
    return InputFile.isThere(config) && JsonFile.read(config).path(CONFIG_KEY).isObject();
  }
}
