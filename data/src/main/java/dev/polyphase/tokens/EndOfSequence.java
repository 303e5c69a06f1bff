package dev.polyphase.tokens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The tokens at which a model stops, as {@code eos_token_id} of its configurations says. */
public final class EndOfSequence {
  /** The file that generation reads. */
  public static final String GENERATION_CONFIG = "generation_config.json";

  /** The file that counts where the other does not name any. */
  public static final String CONFIG = "config.json";

  /** The key of both. */
  public static final String KEY = "eos_token_id";

  private EndOfSequence() {}

  /**
   * The ids of the model: those of {@code generation_config.json}, else of {@code config.json}; of
   * several the first is the one of plain text. Empty if neither names one.
   *
   * @throws InputException if a file is malformed
   */
  public static List<Integer> idsIn(Path modelFolder) throws IOException {
    for (String name : List.of(GENERATION_CONFIG, CONFIG)) {
      List<Integer> ids = idsInFile(modelFolder.resolve(name));
      if (!ids.isEmpty()) {
        return ids;
      }
    }
    return List.of();
  }

  /**
   * The ids that one configuration names; empty if it is not there or names none.
   *
   * @throws InputException if it is malformed
   */
  public static List<Integer> idsInFile(Path file) throws IOException {
    JsonNode value = valueIn(file);
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : value.isArray() ? value : List.of(value)) {
      if (id.isNull()) {
        continue;
      }
      if (!id.isInt() || id.intValue() < 0) {
        throw new InputException(
            Place.in(file.toString()),
            "\"eos_token_id\" must be a token's number or a list of them, found "
                + JsonFile.shown(value));
      }
      ids.add(id.intValue());
    }
    return List.copyOf(ids);
  }

  private static JsonNode valueIn(Path file) throws IOException {
    if (!InputFile.isThere(file)) {
      return NullNode.getInstance();
    }
    JsonNode tree = JsonFile.object(file);
    return tree.hasNonNull(KEY) ? tree.get(KEY) : NullNode.getInstance();
  }
}
