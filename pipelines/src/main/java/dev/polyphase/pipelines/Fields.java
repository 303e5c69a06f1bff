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
 * @param history earlier turns, as pairs
 * @param text running text
 * @param chosen the completion that is preferred
 * @param rejected the other one
 * @param label whether a completion is wanted
 */
public record Fields(
    @Key(name = "field_messages", means = "the column of a conversation's turns")
        Optional<String> messages,
    @Key(
            name = "field_role",
            means = "the key of a turn that says who speaks",
            also = "message_field_role")
        Optional<String> role,
    @Key(
            name = "field_content",
            means = "the key of a turn that holds what is said",
            also = "message_field_content")
        Optional<String> content,
    @Key(name = "field_system", means = "the column of a system message") Optional<String> system,
    @Key(name = "field_tools", means = "the column of tools") Optional<String> tools,
    @Key(name = "field_prompt", means = "the column of a prompt") Optional<String> prompt,
    @Key(name = "field_completion", means = "the column of a completion")
        Optional<String> completion,
    @Key(name = "field_instruction", means = "the column of an instruction")
        Optional<String> instruction,
    @Key(name = "field_input", means = "the column of what an instruction is about")
        Optional<String> input,
    @Key(name = "field_output", means = "the column of the answer to an instruction")
        Optional<String> output,
    @Key(name = "field_history", means = "the column of earlier turns") Optional<String> history,
    @Key(name = "field_text", means = "the column of running text") Optional<String> text,
    @Key(name = "field_chosen", means = "the column of the preferred completion")
        Optional<String> chosen,
    @Key(name = "field_rejected", means = "the column of the other completion")
        Optional<String> rejected,
    @Key(name = "field_label", means = "the column that says whether a completion is wanted")
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
