package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.ChatTemplate;
import dev.polyphase.chat.Message;
import dev.polyphase.pipelines.problems.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the keys of rows and messages ask for beside their shape's own: some of it is honoured, some
 * can be ignored, and the rest is refused, since training would go on as if it were not there.
 */
public final class RowKeys {
  /** Whether a turn is learned, in the words of several tools. */
  private static final List<String> LEARNED = List.of("weight", "train", "training", "loss");

  /** The same of a row, whose {@code loss} is a figure that was found of it. */
  private static final List<String> LEARNED_OF_A_ROW = List.of("weight", "train", "training");

  /** Keys of a row that change what is trained on, whatever its shape. */
  private static final Set<String> ASKED_OF_A_ROW =
      Set.of(
          "function_call",
          "functions",
          "tool_calls",
          "reasoning_content",
          "thinking",
          "image",
          "images",
          "video",
          "videos",
          "audio",
          "audios",
          "system",
          "system_prompt",
          "history",
          "chat_template");

  /** Which tokens of a row count, in other tools than this. */
  private static final Set<String> MASKS =
      Set.of("completion_mask", "assistant_masks", "assistant_tokens_mask", "loss_mask");

  /** What conversations give the template beside their messages. */
  private static final Set<String> FOR_TEMPLATES =
      Set.of(ChatTemplate.TOOLS, ChatTemplate.VARIABLES, "documents");

  private RowKeys() {}

  /**
   * Refuses what a row asks for and is not read.
   *
   * @param shape the row's
   * @throws InputException naming the first such key
   */
  public static void refuseUnread(JsonRow row, RowShape shape) {
    for (Map.Entry<String, JsonNode> entry : row.fields().properties()) {
      String key = entry.getKey();
      if (!shape.keys().contains(key) && !entry.getValue().isNull()) {
        refusal(key, entry.getValue(), row, shape)
            .ifPresent(
                sentence -> {
                  throw row.wrong("\"" + key + "\" " + sentence);
                });
      }
    }
  }

  private static Optional<String> refusal(String key, JsonNode value, JsonRow row, RowShape shape) {
    boolean isConversation =
        shape.keys().stream().anyMatch(of -> row.fields().path(of).isArray() && !isTokens(shape));
    if (ASKED_OF_A_ROW.contains(key) && isGiven(value)) {
      return Optional.of(
          isConversation
              ? "is not read; put it into the messages, or take it out"
              : "is not read; write it into the text, or take it out");
    }
    if (FOR_TEMPLATES.contains(key)) {
      boolean given =
          key.equals(ChatTemplate.TOOLS) ? !ChatTemplate.tools(value).isNull() : isGiven(value);
      return isConversation || !given
          ? Optional.empty()
          : Optional.of("is for a chat template, and this row is no conversation; take it out");
    }
    if (key.equals("label") && value.isBoolean() && shape == RowShape.COMPLETION) {
      return Optional.of(
          "says whether a completion is wanted, which sft does not look at; keep the rows with true alone, and without the key");
    }
    if (LEARNED_OF_A_ROW.contains(key) && learns(value).filter(on -> on).isEmpty()) {
      return Optional.of(
          "is %s, and rows are not weighted yet; leave the row out or the key".formatted(value));
    }
    return isTokens(shape) ? refusalOfTokens(key, value) : Optional.empty();
  }

  private static boolean isTokens(RowShape shape) {
    return shape == RowShape.TOKENS || shape == RowShape.PREFERENCE_TOKENS;
  }

  private static Optional<String> refusalOfTokens(String key, JsonNode value) {
    if (MASKS.contains(key)) {
      return Optional.of("is not read; labels of -100 say which tokens carry no loss");
    }
    if (key.endsWith("attention_mask") && !all(value, 1)) {
      return Optional.of("hides tokens, which is not built; take the padding out of the row");
    }
    if (key.equals("token_type_ids") && !all(value, 0)) {
      return Optional.of("is not read; take it out");
    }
    boolean positions = key.equals("position_ids") && !counts(value);
    return positions || key.equals("seq_lengths")
        ? Optional.of("packs several texts into one row; give each a row, and set sample_packing")
        : Optional.empty();
  }

  private static boolean all(JsonNode list, int value) {
    for (JsonNode each : list) {
      if (each.asInt(-1) != value) {
        return false;
      }
    }
    return true;
  }

  private static boolean counts(JsonNode list) {
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).asInt(-1) != i) {
        return false;
      }
    }
    return true;
  }

  /**
   * Whether a message is to be learned, as it says itself.
   *
   * @param at the message's place in its row, as {@code messages[2]}
   * @return empty where it does not say
   * @throws InputException if it says neither yes nor no, or both
   */
  static Optional<Boolean> learned(JsonRow row, JsonNode message, String at) {
    List<String> said = new ArrayList<>();
    Optional<Boolean> learned = Optional.empty();
    for (String key : LEARNED) {
      JsonNode value = message.path(key);
      if (!message.hasNonNull(key)) {
        continue;
      }
      Optional<Boolean> here = learns(value);
      if (here.isEmpty()) {
        throw row.wrong(
            "%s.%s is %s, and must be 0, 1, true or false"
                .formatted(at, key, value.isContainerNode() ? JsonRow.kind(value) : value));
      }
      said.add(key + " " + value);
      if (learned.isPresent() && !learned.equals(here)) {
        throw row.wrong("%s says both %s; keep one".formatted(at, String.join(" and ", said)));
      }
      learned = here;
    }
    return learned;
  }

  private static Optional<Boolean> learns(JsonNode value) {
    if (value.isBoolean()) {
      return Optional.of(value.booleanValue());
    }
    boolean number = value.isNumber() && (value.doubleValue() == 0 || value.doubleValue() == 1);
    return number ? Optional.of(value.doubleValue() == 1) : Optional.empty();
  }

  /** Whether a key of a message says whether it is learned. */
  static boolean saysWhetherLearned(String key) {
    return LEARNED.contains(key);
  }

  /** Whether a key of a message asks for nothing. */
  static boolean isAboutMessage(String key) {
    return Message.isAbout(key);
  }

  /** Whether a value says something: null, false, and empty texts, lists and objects do not. */
  static boolean isGiven(JsonNode value) {
    return Message.isGiven(value);
  }
}
