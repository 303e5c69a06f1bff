package dev.polyphase.data;

import static dev.polyphase.data.Column.ASSISTANT_MASKS;
import static dev.polyphase.data.Column.CHOSEN;
import static dev.polyphase.data.Column.CHOSEN_IDS;
import static dev.polyphase.data.Column.COMPLETION;
import static dev.polyphase.data.Column.COMPLETION_IDS;
import static dev.polyphase.data.Column.COMPLETION_MASK;
import static dev.polyphase.data.Column.DOCUMENTS;
import static dev.polyphase.data.Column.HISTORY;
import static dev.polyphase.data.Column.INPUT;
import static dev.polyphase.data.Column.INPUT_IDS;
import static dev.polyphase.data.Column.INSTRUCTION;
import static dev.polyphase.data.Column.LABEL;
import static dev.polyphase.data.Column.LABELS;
import static dev.polyphase.data.Column.MESSAGES;
import static dev.polyphase.data.Column.OUTPUT;
import static dev.polyphase.data.Column.PROMPT;
import static dev.polyphase.data.Column.PROMPT_IDS;
import static dev.polyphase.data.Column.REJECTED;
import static dev.polyphase.data.Column.REJECTED_IDS;
import static dev.polyphase.data.Column.SEGMENTS;
import static dev.polyphase.data.Column.SYSTEM;
import static dev.polyphase.data.Column.TEMPLATE_VARIABLES;
import static dev.polyphase.data.Column.TEXT;
import static dev.polyphase.data.Column.TOOLS;

import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.PhaseType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** The shapes that rows have: which columns they need, and which they may have beside them. */
enum RowShape {
  /** Token ids, with labels or masks. */
  TOKENS(RowType.TOKENS, Set.of(LABELS, COMPLETION_MASK, ASSISTANT_MASKS), List.of(of(INPUT_IDS))),
  /** A prompt and a completion that is wanted or not, as token ids. */
  COMPLETION_TOKENS(RowType.TOKENS, Set.of(LABEL), List.of(of(PROMPT_IDS, COMPLETION_IDS))),
  /** A pair of completions as token ids. */
  PREFERENCE_TOKENS(RowType.TOKENS, Set.of(), List.of(of(PROMPT_IDS, CHOSEN_IDS, REJECTED_IDS))),
  /** A pair of completions as texts or turns, with what they follow or beginning with it. */
  PREFERENCE(
      RowType.PREFERENCE,
      Set.of(
          PROMPT,
          MESSAGES,
          INSTRUCTION,
          INPUT,
          HISTORY,
          SYSTEM,
          TOOLS,
          DOCUMENTS,
          TEMPLATE_VARIABLES),
      List.of(of(CHOSEN, REJECTED), of(MESSAGES, REJECTED), of(INSTRUCTION, OUTPUT, REJECTED))),
  /** Texts that say each whether they are learned. */
  SEGMENTS_OF_TEXT(RowType.SEGMENTS, Set.of(), List.of(of(SEGMENTS))),
  /** A prompt and its completion, as texts or turns. */
  PROMPT_COMPLETION(
      RowType.COMPLETION,
      Set.of(SYSTEM, TOOLS, DOCUMENTS, TEMPLATE_VARIABLES, LABEL),
      List.of(of(PROMPT, COMPLETION))),
  /** A task and its answer. */
  ALPACA(
      RowType.ALPACA,
      Set.of(INSTRUCTION, INPUT, HISTORY, SYSTEM, TOOLS, DOCUMENTS, TEMPLATE_VARIABLES, LABEL),
      List.of(of(INSTRUCTION, OUTPUT), of(INPUT, OUTPUT))),
  /** A conversation. */
  CONVERSATION(
      RowType.MESSAGES,
      Set.of(SYSTEM, TOOLS, DOCUMENTS, TEMPLATE_VARIABLES, LABEL),
      List.of(of(MESSAGES))),
  /** Running text. */
  RUNNING_TEXT(RowType.TEXT, Set.of(), List.of(of(TEXT)));

  /** Rows that may say whether their completion is wanted. */
  private static final Set<RowShape> LABELLED =
      Collections.unmodifiableSet(
          EnumSet.of(COMPLETION_TOKENS, PROMPT_COMPLETION, ALPACA, CONVERSATION));

  private final RowType type;

  @SuppressWarnings("ImmutableEnumChecker") // Sets and lists of Set.of and List.of never change.
  private final Set<Column> may;

  @SuppressWarnings("ImmutableEnumChecker")
  private final List<Set<Column>> needs;

  RowShape(RowType type, Set<Column> may, List<Set<Column>> needs) {
    this.type = type;
    this.may = may;
    this.needs = needs;
  }

  private static Set<Column> of(Column first, Column... more) {
    return Collections.unmodifiableSet(EnumSet.of(first, more));
  }

  /** The shapes that a phase reads of a dataset of this type; none where the type does not fit. */
  static List<RowShape> of(PhaseType phase, RowType type) {
    List<RowShape> read =
        switch (phase) {
          case CPT -> List.of(TOKENS, RUNNING_TEXT);
          case SFT ->
              List.of(
                  TOKENS, SEGMENTS_OF_TEXT, PROMPT_COMPLETION, ALPACA, CONVERSATION, RUNNING_TEXT);
          case DPO, CPO, ORPO, SIMPO -> List.of(PREFERENCE_TOKENS, PREFERENCE);
          case KTO ->
              List.of(
                  COMPLETION_TOKENS,
                  PREFERENCE_TOKENS,
                  PROMPT_COMPLETION,
                  ALPACA,
                  CONVERSATION,
                  PREFERENCE);
        };
    return read.stream()
        .filter(
            shape ->
                type == RowType.AUTO
                    || shape.type == type
                    || (type == RowType.UNPAIRED && LABELLED.contains(shape)))
        .toList();
  }

  /** Whether columns are enough for it. */
  boolean fits(Set<Column> columns) {
    return needs.stream().anyMatch(columns::containsAll);
  }

  /** The columns that it needs, of each alternative. */
  List<Set<Column>> needs() {
    return needs;
  }

  /** Whether it makes something of a column. */
  boolean takes(Column column) {
    return may.contains(column) || needs.stream().anyMatch(set -> set.contains(column));
  }

  /** Whether its rows may say of their completion whether it is wanted. */
  boolean isLabelled() {
    return LABELLED.contains(this);
  }

  /** Whether of its completions one is preferred. */
  boolean isOfPairs() {
    return this == PREFERENCE || this == PREFERENCE_TOKENS;
  }

  /** Whether it can be rendered by a chat template. */
  boolean mayBeConversation() {
    return takes(TEMPLATE_VARIABLES);
  }
}
