package dev.polyphase.orchestrator.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.EndOfSequence;
import dev.polyphase.tokens.TokenizerExtension;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.CheckpointWriter;
import dev.polyphase.weights.FileChange;
import dev.polyphase.weights.HeadTie;
import dev.polyphase.weights.JsonEdit;
import dev.polyphase.weights.JsonFile;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import dev.polyphase.weights.VocabularyRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The model that a pipeline begins with, with the tokens that it adds: a tokenizer that knows them,
 * configurations that name them, and a row for each in embeddings and head.
 *
 * @param base the model without them
 * @param from the first id of a new token
 * @param to the first id that is of no token; equal to {@code from} where none is new
 * @param tensors embeddings and head, where they change
 * @param files what changes of the other files
 */
record ExtendedBase(
    Checkpoint base,
    int from,
    int to,
    Map<String, NewTensor> tensors,
    Map<String, FileChange> files) {
  private static final String VOCAB_SIZE = "vocab_size";

  /** The ids that configurations name, by the names of their tokens. */
  private static final Map<String, String> IDS =
      Map.of(
          "bos_token", "bos_token_id",
          "eos_token", EndOfSequence.KEY,
          "pad_token", "pad_token_id");

  /**
   * Looks at a model's tokenizer, its configurations and the shapes of its weights.
   *
   * @throws InputException where a token can't be added
   */
  static ExtendedBase of(Path folder, Vocabulary wanted) throws IOException {
    Checkpoint base = Checkpoint.open(folder);
    TokenizerExtension tokenizer =
        wanted.addsTokens()
            ? TokenizerExtension.of(folder, wanted)
            : new TokenizerExtension(Map.of(), Map.of(), 0, 0);
    long multiple = wanted.rowMultiple();
    long needed = Math.max(rows(base), tokenizer.to());
    long count = (needed + multiple - 1) / multiple * multiple;
    Map<String, NewTensor> tensors =
        new VocabularyRows(count, tokenizer.from(), tokenizer.to()).newTensors(base);

    Map<String, FileChange> files = new LinkedHashMap<>(tokenizer.files());
    Path config = folder.resolve(EndOfSequence.CONFIG);
    ObjectNode configured = JsonFile.object(config);
    Map<String, JsonNode> changed = ids(configured, tokenizer.named(), false);
    Map<String, JsonNode> ofText = new LinkedHashMap<>();
    if (configured.get(TextNames.CONFIG_KEY) instanceof ObjectNode text) {
      ids(text, tokenizer.named(), false).entrySet().stream()
          .filter(id -> text.has(id.getKey()))
          .forEach(id -> ofText.put(id.getKey(), id.getValue()));
    }
    if (count != rows(base)) {
      boolean isWrapper = configured.has(TextNames.CONFIG_KEY);
      if (isWrapper) {
        ofText.put(VOCAB_SIZE, LongNode.valueOf(count));
      }
      if (!isWrapper || configured.has(VOCAB_SIZE)) {
        changed.put(VOCAB_SIZE, LongNode.valueOf(count));
      }
    }
    if (!changed.isEmpty() || !ofText.isEmpty()) {
      JsonEdit edit = new JsonEdit(Map.of(), changed);
      files.put(
          EndOfSequence.CONFIG,
          ofText.isEmpty()
              ? edit
              : edit.with(TextNames.CONFIG_KEY, new JsonEdit(Map.of(), ofText)));
    }
    Path generation = folder.resolve(EndOfSequence.GENERATION_CONFIG);
    if (InputFile.isThere(generation)) {
      edit(
          files,
          EndOfSequence.GENERATION_CONFIG,
          ids(JsonFile.object(generation), tokenizer.named(), true));
    }
    return new ExtendedBase(base, tokenizer.from(), tokenizer.to(), tensors, files);
  }

  /** Whether the model has all that already. */
  boolean changesNothing() {
    return tensors.isEmpty() && files.isEmpty();
  }

  /** What a user must know where no phase trains the rows of new tokens. */
  Optional<String> untrained(List<PlannedPhase> phases) throws IOException {
    List<String> left = new ArrayList<>();
    for (TensorInfo tensor : VocabularyRows.tensors(base)) {
      if (from < to && phases.stream().noneMatch(phase -> trains(phase.target(), tensor.name()))) {
        left.add(tensor.name().replaceFirst("\\.weight$", "").replaceFirst(".*\\.", ""));
      }
    }
    return left.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "no phase trains %s, where %s as it begins; name %s in a phase's targeting.always_train"
                .formatted(
                    String.join(" and ", left),
                    to - from == 1
                        ? "the row of the new token stays"
                        : "each row of the %,d new tokens stays".formatted(to - from),
                    String.join(" and ", left)));
  }

  private boolean trains(ExpectedTarget target, String tensor) {
    @Nullable RowRanges some = target.rows().get(tensor);
    return target.tensors().contains(tensor)
        && (some == null
            || some.ranges().stream().anyMatch(rows -> rows.start() <= from && rows.end() >= to));
  }

  /** Writes the folder without the values of its weights. */
  void outline(Path folder) throws IOException {
    CheckpointWriter.outline(base, folder, tensors, withTie());
  }

  /** Writes the folder, whole or not at all. */
  void write(Path target) throws IOException {
    CheckpointWriter.writeLinked(base, target, tensors, withTie());
  }

  /** A head that is its own is not to be taken for the embeddings, whatever their values. */
  private Map<String, FileChange> withTie() throws IOException {
    if (HeadTie.of(base) != HeadTie.CONTRADICTED) {
      return files;
    }
    Map<String, FileChange> all = new LinkedHashMap<>(files);
    JsonEdit edit =
        files.get(EndOfSequence.CONFIG) instanceof JsonEdit other
            ? other
            : new JsonEdit(Map.of(), Map.of());
    Map<String, JsonNode> config = new LinkedHashMap<>(edit.set());
    config.put(HeadTie.KEY, BooleanNode.FALSE);
    @Nullable JsonEdit ofText = edit.within().get(TextNames.CONFIG_KEY);
    all.put(
        EndOfSequence.CONFIG,
        new JsonEdit(Map.of(), config)
            .with(
                TextNames.CONFIG_KEY,
                new JsonEdit(
                    Map.of(HeadTie.KEY, BooleanNode.FALSE),
                    ofText == null ? Map.of() : ofText.set())));
    return all;
  }

  private static long rows(Checkpoint base) throws IOException {
    for (TensorInfo tensor : VocabularyRows.tensors(base)) {
      if (!tensor.shape().isEmpty()) {
        return tensor.shape().get(0);
      }
    }
    throw new InputException(
        Place.in(base.folder().toString()),
        "the weights have no embed_tokens.weight, to which special_tokens and tokens would add"
            + " rows; leave these keys out");
  }

  /**
   * The ids of named tokens, where a configuration has others.
   *
   * @param keepsEnds whether generation still stops at the ends that it knew
   */
  private static Map<String, JsonNode> ids(
      ObjectNode config, Map<String, Integer> named, boolean keepsEnds) {
    Map<String, JsonNode> changed = new LinkedHashMap<>();
    named.forEach(
        (name, id) -> {
          String key = IDS.get(name);
          if (key != null) {
            JsonNode old = config.path(key);
            boolean several = old.isArray() || (keepsEnds && key.equals(EndOfSequence.KEY));
            JsonNode value = several ? first(id, old) : IntNode.valueOf(id);
            if (!value.equals(old)) {
              changed.put(key, value);
            }
          }
        });
    return changed;
  }

  /** A list with an id before all others; a number where there are none. */
  private static JsonNode first(int id, JsonNode others) {
    ArrayNode list = JsonNodeFactory.instance.arrayNode().add(id);
    for (JsonNode other : others.isArray() ? others : List.of(others)) {
      if (other.isInt() && other.intValue() != id) {
        list.add(other);
      }
    }
    return list.size() == 1 && !others.isArray() ? list.get(0) : list;
  }

  private static void edit(
      Map<String, FileChange> files, String name, Map<String, JsonNode> changed) {
    if (!changed.isEmpty()) {
      files.put(name, new JsonEdit(Map.of(), changed));
    }
  }
}
