package dev.polyphase.pipelines;

import java.util.Optional;

/**
 * What the columns of rows are called where they have other names than usual; empty for the usual
 * ones.
 *
 * @param messages the list of a conversation's turns
 * @param role who says a turn
 * @param content what is said in it
 * @param system the system message of a row, beside its turns
 * @param tools the tools that a conversation may call
 * @param prompt what a completion follows
 * @param completion what follows it
 * @param instruction Alpaca's task
 * @param input what the task is about
 * @param output the answer
 * @param history earlier turns of a task, as pairs of texts
 * @param text running text
 * @param chosen the completion that is preferred
 * @param rejected the other one
 * @param label whether a completion is wanted
 */
public record Fields(
    @Key(
            name = "field_messages",
            means =
                "the column of a conversation's turns; `messages`, `conversations` or `conversation` otherwise")
        Optional<String> messages,
    @Key(
            name = "field_role",
            means = "the key of a turn that says who speaks; `role` or `from` otherwise",
            also = "message_field_role")
        Optional<String> role,
    @Key(
            name = "field_content",
            means = "the key of a turn that holds what is said; `content` or `value` otherwise",
            also = "message_field_content")
        Optional<String> content,
    @Key(name = "field_system", means = "the column of a system message; `system` otherwise")
        Optional<String> system,
    @Key(name = "field_tools", means = "the column of tools; `tools` otherwise")
        Optional<String> tools,
    @Key(name = "field_prompt", means = "the column of a prompt; `prompt` otherwise")
        Optional<String> prompt,
    @Key(name = "field_completion", means = "the column of a completion; `completion` otherwise")
        Optional<String> completion,
    @Key(name = "field_instruction", means = "the column of a task; `instruction` otherwise")
        Optional<String> instruction,
    @Key(name = "field_input", means = "the column of what a task is about; `input` otherwise")
        Optional<String> input,
    @Key(name = "field_output", means = "the column of the answer to a task; `output` otherwise")
        Optional<String> output,
    @Key(name = "field_history", means = "the column of earlier turns; `history` otherwise")
        Optional<String> history,
    @Key(name = "field_text", means = "the column of running text; `text` otherwise")
        Optional<String> text,
    @Key(
            name = "field_chosen",
            means = "the column of the preferred completion; `chosen` otherwise")
        Optional<String> chosen,
    @Key(
            name = "field_rejected",
            means = "the column of the other completion; `rejected` otherwise")
        Optional<String> rejected,
    @Key(
            name = "field_label",
            means = "the column that says whether a completion is wanted; `label` otherwise")
        Optional<String> label) {

  /** Columns with their usual names. */
  public static final Fields AS_USUAL =
      new Fields(
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());
}
