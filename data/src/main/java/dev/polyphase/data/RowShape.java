package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset.RowType;
import java.util.List;
import java.util.stream.Collectors;

/** The shapes of rows that are built, known by their keys. */
public enum RowShape {
  /** Token ids, and for each a label or -100. */
  TOKENS(RowType.TOKENS, "input_ids"),
  /** A pair of completions as token ids. */
  PREFERENCE_TOKENS(RowType.TOKENS, "prompt_input_ids", "chosen_input_ids", "rejected_input_ids"),
  /** A pair of completions, as text or messages. */
  PREFERENCE(RowType.PREFERENCE, "prompt", "chosen", "rejected"),
  /** A pair of conversations that begin with the same prompt. */
  PREFERENCE_CONVERSATIONS(RowType.PREFERENCE, "chosen", "rejected"),
  /** A prompt and its completion, as text or messages. */
  COMPLETION(RowType.COMPLETION, "prompt", "completion"),
  /** A conversation. */
  MESSAGES(RowType.MESSAGES, "messages"),
  /** Running text. */
  TEXT(RowType.TEXT, "text");

  private final RowType type;

  @SuppressWarnings("ImmutableEnumChecker") // A list of List.of never changes.
  private final List<String> keys;

  RowShape(RowType type, String... keys) {
    this.type = type;
    this.keys = List.of(keys);
  }

  /** The pipeline language's name for it. */
  public RowType type() {
    return type;
  }

  /** The keys that a row of this shape has; it may have others. */
  public List<String> keys() {
    return keys;
  }

  /** Whether the row has this shape's keys. */
  public boolean fits(JsonRow row) {
    return keys.stream().allMatch(row::has);
  }

  /** The shape as a user writes it, as {@code {"prompt", "completion"}}. */
  @Override
  public String toString() {
    return keys.stream().map(key -> "\"" + key + "\"").collect(Collectors.joining(", ", "{", "}"));
  }
}
