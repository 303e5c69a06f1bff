package dev.polyphase.pipelines;

import java.util.List;

/**
 * Which of a conversation's or a completion's tokens carry loss; a turn that says for itself
 * whether it does is obeyed.
 *
 * @param trainOnInputs whether all tokens do, whoever says them
 * @param rolesToTrain whose turns do
 * @param trainOnEos which ends of turns do
 * @param lastTurnOnly whether of the turns that would, the last one alone does
 */
public record LossOn(
    @Key(
            means = "whether prompts and the turns of others carry loss too",
            absent = "false",
            spelledOut = false)
        boolean trainOnInputs,
    @Key(
            means = "whose turns carry loss: `assistant`, `user`, `system`, `tool`",
            absent = "[assistant]",
            pattern = "assistant|user|system|tool",
            wanted = "assistant, user, system or tool",
            spelledOut = false)
        List<String> rolesToTrain,
    @Key(
            means =
                "which ends of turns carry loss: `turn` those of turns that do, `last` that of the"
                    + " last such turn, `all`, `none`",
            absent = "turn",
            spelledOut = false)
        Ends trainOnEos,
    @Key(
            means = "whether only the last of the turns that would carry loss does",
            absent = "false",
            also = "mask_history",
            spelledOut = false)
        boolean lastTurnOnly) {

  /** What the assistant says, and the ends of its turns. */
  public static final LossOn ASSISTANT = new LossOn(false, List.of("assistant"), Ends.TURN, false);

  public LossOn {
    rolesToTrain = List.copyOf(rolesToTrain);
  }

  /** Whose ends carry loss. */
  public enum Ends {
    TURN,
    LAST,
    ALL,
    NONE
  }
}
