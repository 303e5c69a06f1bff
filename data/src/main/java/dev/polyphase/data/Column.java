package dev.polyphase.data;

import dev.polyphase.pipelines.Fields;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** What a column of rows means. It may be called as its users like; these are its usual names. */
enum Column {
  /** A conversation's turns. */
  MESSAGES("field_messages", Fields::messages, "messages", "conversations", "conversation"),
  /** A system message beside the turns. */
  SYSTEM("field_system", Fields::system, "system", "system_prompt", "system_message"),
  /** What the assistant may call; of the second name each is a function without its wrapping. */
  TOOLS("field_tools", Fields::tools, "tools", Column.FUNCTIONS),
  /** Documents for the chat template. */
  DOCUMENTS("documents"),
  /** Further variables for the chat template. */
  TEMPLATE_VARIABLES("chat_template_kwargs"),
  /** What a completion follows. */
  PROMPT("field_prompt", Fields::prompt, "prompt"),
  /** What follows a prompt. */
  COMPLETION("field_completion", Fields::completion, "completion"),
  /** A task. */
  INSTRUCTION("field_instruction", Fields::instruction, "instruction", "query", "question"),
  /** What the task is about. */
  INPUT("field_input", Fields::input, "input", "context"),
  /** The answer to the task. */
  OUTPUT("field_output", Fields::output, "output", "response", "answer"),
  /** Earlier tasks with their answers. */
  HISTORY("field_history", Fields::history, "history"),
  /** Running text. */
  TEXT("field_text", Fields::text, "text"),
  /** Texts that say each whether they are learned. */
  SEGMENTS("segments"),
  /** A completion that is preferred. */
  CHOSEN("field_chosen", Fields::chosen, "chosen", "chosen_response"),
  /** The other completion. */
  REJECTED(
      "field_rejected", Fields::rejected, "rejected", "rejected_response", "rejected_messages"),
  /** Whether a completion is wanted. */
  LABEL("field_label", Fields::label, "label", "kto_tag"),
  /** Token ids. */
  INPUT_IDS("input_ids"),
  /** For each id itself, or -100. */
  LABELS("labels"),
  /** 1 for each id that is learned. */
  COMPLETION_MASK("completion_mask"),
  /** 1 for each id that is learned. */
  ASSISTANT_MASKS("assistant_masks"),
  /** Token ids of the prompt of a pair or of a judged completion. */
  PROMPT_IDS("prompt_input_ids"),
  /** Token ids of a completion that is judged. */
  COMPLETION_IDS("completion_input_ids"),
  /** Token ids of the completion that is preferred. */
  CHOSEN_IDS("chosen_input_ids"),
  /** Token ids of the other completion. */
  REJECTED_IDS("rejected_input_ids");

  /** What only a chat template makes something of. */
  static final List<Column> FOR_TEMPLATES = List.of(SYSTEM, TOOLS, DOCUMENTS, TEMPLATE_VARIABLES);

  /** The name of tools in an older layout. */
  static final String FUNCTIONS = "functions";

  private final String key;

  @SuppressWarnings("ImmutableEnumChecker") // A list of List.of never changes.
  private final List<String> usualNames;

  @SuppressWarnings("ImmutableEnumChecker") // An accessor.
  private final Function<Fields, Optional<String>> given;

  Column(String key, Function<Fields, Optional<String>> given, String... usualNames) {
    this.key = key;
    this.given = given;
    this.usualNames = List.of(usualNames);
  }

  Column(String name) {
    this("", fields -> Optional.empty(), name);
  }

  /** Whether rows that have it and rows that do not may stand in one file. */
  boolean mayBeMissing() {
    return this == SYSTEM || this == TOOLS || this == INPUT || this == HISTORY;
  }

  /** The key of a dataset that gives it another name; empty where none does. */
  String key() {
    return key;
  }

  /** What it is called where a dataset does not say. */
  List<String> usualNames() {
    return usualNames;
  }

  /** What a dataset says that it is called. */
  Optional<String> givenName(Fields fields) {
    return given.apply(fields);
  }
}
