package dev.polyphase.phases.result;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.phases.api.EndToken;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.tokens.EndOfSequence;
import dev.polyphase.tokens.LazyTokenizer;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.JsonEdit;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
public record LearnedEnds(
    List<EndToken> learned,
    List<EndToken> all,
    Map<String, JsonNode> config,
    Map<String, JsonNode> generation) {

  private static final String CHAT_ML_END = "<|im_end|>";

  /** What stays as it is. */
  private static final List<String> OTHER_TOKENS = List.of("bos_token_id", "pad_token_id");

  /**
   * What the rows of an objective teach.
   *
   * @param folder the model's, before the phase
   * @param template what conversations are written with; empty for the model's own
   * @param tokenizer its tokenizer, which may be missing where rows are tokens
   */
  public static LearnedEnds of(
      Path folder, LazyTokenizer tokenizer, Optional<ChatTemplate> template, Objective rows)
      throws IOException {
    Optional<Tokenizer> open = opened(folder, tokenizer);
    List<Integer> stops = EndOfSequence.idsIn(folder);
    Set<Integer> known = new LinkedHashSet<>(stops);
    Set<Integer> ends = new LinkedHashSet<>();
    if (open.isPresent()) {
      ends.addAll(new ChatEncoder(tokenizer, template).endsOfTurns());
      // Rows that are tokens already may have been written with ChatML, whatever the template is.
      open.get().idOf(CHAT_ML_END).ifPresent(ends::add);
      open.get().endOfText().ifPresent(known::add);
    }
    ends.addAll(known);
    Set<Integer> learned = rows.learned(ends);
    Set<Integer> all = new LinkedHashSet<>(learned);
    all.addAll(known);
    Set<Integer> written = new LinkedHashSet<>();
    if (open.isPresent() && !open.get().namesEndOfText()) {
      // The first of the configurations' is then that of plain texts, in the next phase too.
      stops.stream().findFirst().ifPresent(written::add);
    }
    written.addAll(all);
    return new LearnedEnds(
        named(learned, open),
        named(all, open),
        changes(folder.resolve(EndOfSequence.CONFIG), learned, written),
        generationChanges(folder, learned, written));
  }

  /** Empty where there is none that can be read: rows that are tokens already need none. */
  private static Optional<Tokenizer> opened(Path folder, LazyTokenizer tokenizer)
      throws IOException {
    if (!InputFile.isThere(folder.resolve(Tokenizer.FILE))) {
      return Optional.empty();
    }
    try {
      return Optional.of(tokenizer.get());
    } catch (InputException e) {
      return Optional.empty();
    }
  }

  /** Of the two files. */
  public Map<String, JsonEdit> edits(Map<String, JsonNode> furtherOfConfig) {
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

  private static List<EndToken> named(Collection<Integer> ids, Optional<Tokenizer> tokenizer) {
    return ids.stream()
        .map(id -> new EndToken(id, tokenizer.map(open -> open.textOf(id)).orElse("")))
        .toList();
  }
}
