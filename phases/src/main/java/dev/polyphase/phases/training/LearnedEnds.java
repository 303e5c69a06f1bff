package dev.polyphase.phases.training;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.phases.chat.ChatFormat;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.tokens.EndOfSequence;
import dev.polyphase.phases.tokens.LazyTokenizer;
import dev.polyphase.phases.tokens.Tokenizer;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.weights.JsonEdit;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The tokens at which a phase's rows teach the model to stop. A model that has learned to end its
 * turns with a token stops there only if its configurations say so.
 *
 * @param learned those that carry loss in its rows: of ends of turns first, then of texts
 * @param all the tokens at which the saved model stops: those, and those that it had
 * @param config what changes in {@code config.json}
 * @param generation what changes in {@code generation_config.json}, which generation reads instead
 *     where it is there
 */
record LearnedEnds(
    List<EndToken> learned,
    List<EndToken> all,
    Map<String, JsonNode> config,
    Map<String, JsonNode> generation) {

  /** What stays as it is. */
  private static final List<String> OTHER_TOKENS = List.of("bos_token_id", "pad_token_id");

  /**
   * What the rows of an objective teach.
   *
   * @param folder the model's, before the phase
   * @param tokenizer its tokenizer, which may be missing where rows are tokens
   */
  static LearnedEnds of(Path folder, LazyTokenizer tokenizer, Objective rows) throws IOException {
    Set<Integer> ends = new LinkedHashSet<>();
    boolean hasTokenizer = InputFile.isThere(folder.resolve(Tokenizer.FILE));
    if (hasTokenizer) {
      ChatFormat.endOfTurn(tokenizer.get()).ifPresent(ends::add);
      ends.addAll(tokenizer.get().ends());
    } else {
      ends.addAll(EndOfSequence.idsIn(folder));
    }
    Set<Integer> learned = rows.learned(ends);
    Set<Integer> all = new LinkedHashSet<>(learned);
    all.addAll(EndOfSequence.idsIn(folder));
    if (hasTokenizer) {
      all.addAll(tokenizer.get().ends());
    }
    return new LearnedEnds(
        named(learned, tokenizer, hasTokenizer),
        named(all, tokenizer, hasTokenizer),
        changes(folder.resolve(EndOfSequence.CONFIG), learned, all),
        generationChanges(folder, learned, all));
  }

  /** Of the two files. */
  Map<String, JsonEdit> edits(Map<String, JsonNode> furtherOfConfig) {
    return Map.of(
        EndOfSequence.CONFIG, new JsonEdit(furtherOfConfig, config),
        EndOfSequence.GENERATION_CONFIG, new JsonEdit(Map.of(), generation));
  }

  /** Without a generation config the model's own counts, and is complete where it says it. */
  private static Map<String, JsonNode> generationChanges(
      Path folder, Set<Integer> learned, Set<Integer> all) throws IOException {
    Path file = folder.resolve(EndOfSequence.GENERATION_CONFIG);
    if (InputFile.isThere(file)) {
      return changes(file, learned, all);
    }
    Path config = folder.resolve(EndOfSequence.CONFIG);
    Map<String, JsonNode> made = new LinkedHashMap<>(changes(config, learned, all));
    if (!made.isEmpty()) {
      ObjectNode others = JsonFile.object(config);
      OTHER_TOKENS.stream()
          .filter(others::hasNonNull)
          .forEach(key -> made.put(key, others.get(key)));
    }
    return made;
  }

  private static Map<String, JsonNode> changes(Path file, Set<Integer> learned, Set<Integer> all)
      throws IOException {
    return EndOfSequence.idsInFile(file).containsAll(learned)
        ? Map.of()
        : Map.of(EndOfSequence.KEY, value(all));
  }

  /** Of one a number, as most models have it; of several a list. */
  private static JsonNode value(Set<Integer> ids) {
    return ids.size() == 1
        ? IntNode.valueOf(ids.iterator().next())
        : ids.stream()
            .collect(
                JsonNodeFactory.instance::arrayNode,
                (list, id) -> list.add(id),
                (list, more) -> list.addAll(more));
  }

  private static List<EndToken> named(
      Collection<Integer> ids, LazyTokenizer tokenizer, boolean hasTokenizer) throws IOException {
    List<EndToken> named = new ArrayList<>();
    for (int id : ids) {
      named.add(new EndToken(id, hasTokenizer ? tokenizer.get().textOf(id) : ""));
    }
    return List.copyOf(named);
  }
}
