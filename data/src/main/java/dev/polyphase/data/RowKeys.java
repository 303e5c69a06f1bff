package dev.polyphase.data;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.chat.Message;
import dev.polyphase.data.BadRowException.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the keys of rows and turns ask for beside what a shape reads: some of it says nothing of
 * what is learned, and the rest is refused, since training would go on as if it were not there.
 */
final class RowKeys {
  /** Whether a turn is learned, in the words of several tools. */
  private static final List<String> LEARNED = List.of("weight", "train", "training", "loss");

  /** The same of a row, whose {@code loss} is a figure that was found of it. */
  private static final Set<String> LEARNED_OF_A_ROW = Set.of("weight", "train", "training");

  /** Where a row is from and what was found of it, beside what is such of a turn. */
  private static final Set<String> ABOUT =
      Set.of(
          "annotator",
          "teacher",
          "key",
          "row_id",
          "turns",
          "order",
          "sources",
          "urls",
          "link",
          "links",
          "dataset_name",
          "data_source",
          "subset",
          "split",
          "dump",
          "repo",
          "repo_name",
          "path",
          "file",
          "file_name",
          "filename",
          "file_path",
          "title",
          "license",
          "licence",
          "version",
          "reward",
          "rewards",
          "perplexity",
          "ppl",
          "difficulty",
          "level",
          "status",
          "timestamps",
          "locale",
          "extra_info",
          "tag",
          "keyword",
          "keywords",
          "notes",
          "comment",
          "comments",
          "topic",
          "topics",
          "category",
          "categories",
          "subcategory",
          "subject",
          "domain",
          "task",
          "task_type",
          "task_name",
          "task_id",
          "type",
          "problem_type",
          "question_type",
          "moderation",
          "openai_moderation",
          "detoxify_moderation",
          "hash",
          "md5",
          "sha",
          "sha1",
          "sha256",
          "embedding",
          "embeddings",
          "seq_len",
          "views",
          "avatarUrl",
          "skip_prompt_formatting",
          "parallel_tool_calls",
          "custom_instruction",
          "used_in_training",
          "channel",
          "generations",
          "generation_model",
          "generation_models",
          "labelling_model",
          "labelling_prompt",
          "raw_labelling_response",
          "original_question",
          "original_chosen",
          "original_rejected",
          "original_response",
          "in_gsm8k_train",
          "finish_reason",
          "finish_reasons");

  private static final List<String> ABOUT_BEGINS =
      List.of("num_", "n_", "score_", "rating_", "meta_", "metadata_", "__index");

  private static final List<String> ABOUT_ENDS =
      List.of(
          "_ids",
          "_scores",
          "_rating",
          "_ratings",
          "_rank",
          "_url",
          "_date",
          "_time",
          "_timestamp",
          "_hash",
          "_count",
          "_length",
          "_len",
          "_model",
          "_source",
          "_lang",
          "_language",
          "_metadata",
          "_tags",
          "_tokens");

  /** Columns that change what is trained on, and why they are not read. */
  private static final Map<String, String> NOT_BUILT =
      Map.ofEntries(
          Map.entry("image", "pictures"),
          Map.entry("images", "pictures"),
          Map.entry("rejected_images", "pictures"),
          Map.entry("video", "films"),
          Map.entry("videos", "films"),
          Map.entry("audio", "sound"),
          Map.entry("audios", "sound"),
          Map.entry("objects", "places in pictures"),
          Map.entry("margin", "margins between completions"),
          Map.entry("ref_chosen_logps", "log-probabilities of another reference"),
          Map.entry("ref_rejected_logps", "log-probabilities of another reference"),
          Map.entry("reference_chosen_logps", "log-probabilities of another reference"),
          Map.entry("reference_rejected_logps", "log-probabilities of another reference"),
          Map.entry("rejected_tools", "tools of one completion alone"));

  /** Columns that belong into the turns. */
  private static final Set<String> OF_TURNS =
      Set.of("function_call", "tool_calls", "reasoning_content", "reasoning", "thinking");

  /** Which tokens of a row count, in other tools than this. */
  private static final Set<String> MASKS =
      Set.of("loss_mask", "assistant_tokens_mask", "assistant_mask");

  private RowKeys() {}

  /**
   * Why a column that its row's shape does not take is not passed over; empty where it may be.
   *
   * @return a sentence that goes on from the column's name, with its reason
   */
  static Optional<Refusal> refusal(String key, JsonNode value, RowShape shape) {
    if (LEARNED_OF_A_ROW.contains(key)) {
      return learns(value).filter(on -> on).isPresent()
          ? Optional.empty()
          : refused(
              "is %s, and rows are not weighted; leave the row out or the key".formatted(value));
    }
    boolean tokens =
        shape == RowShape.TOKENS
            || shape == RowShape.PREFERENCE_TOKENS
            || shape == RowShape.COMPLETION_TOKENS;
    if (tokens && isOfTokens(key)) {
      return refusalOfTokens(key, value);
    }
    if (!Message.isGiven(value) || isAbout(key)) {
      return Optional.empty();
    }
    String notBuilt = NOT_BUILT.get(key);
    if (notBuilt != null) {
      return refused(
          "holds %s, which are not built; to train without them name it in ignore_columns"
              .formatted(notBuilt));
    }
    if (OF_TURNS.contains(key) || key.equals("chat_template")) {
      return refused(
          shape.mayBeConversation() && !key.equals("chat_template")
              ? "is not read; put it into the messages, or name it in ignore_columns"
              : "is not read; write it into the text, or name it in ignore_columns");
    }
    return Optional.of(
        new Refusal(
            Reason.COLUMN_UNKNOWN,
            "is not understood; name it in ignore_columns if what is learned does not depend on it, or say with a key as field_prompt what it is"));
  }

  /**
   * What is said of a column.
   *
   * @param sentence goes on from its name
   */
  record Refusal(Reason reason, String sentence) {
    /** That a column of a row is refused. */
    BadRowException of(JsonRow row, String key) {
      return row.wrong(reason, "\"" + key + "\" " + sentence);
    }
  }

  private static Optional<Refusal> refused(String sentence) {
    return Optional.of(new Refusal(Reason.COLUMN_REFUSED, sentence));
  }

  private static boolean isOfTokens(String key) {
    return MASKS.contains(key)
        || key.endsWith("attention_mask")
        || key.equals("token_type_ids")
        || key.equals("position_ids")
        || key.equals("seq_lengths");
  }

  private static Optional<Refusal> refusalOfTokens(String key, JsonNode value) {
    if (MASKS.contains(key)) {
      return refused("is not read; labels of -100 say which tokens carry no loss");
    }
    if (key.endsWith("attention_mask")) {
      return all(value, 1)
          ? Optional.empty()
          : refused("hides tokens, which is not built; take the padding out of the row");
    }
    if (key.equals("token_type_ids")) {
      return all(value, 0) ? Optional.empty() : refused("is not read; take it out");
    }
    return key.equals("position_ids") && counts(value)
        ? Optional.empty()
        : refused("packs several texts into one row; give each a row, and set sample_packing");
  }

  private static boolean all(JsonNode list, int value) {
    for (JsonNode each : list) {
      if (each.asInt(-1) != value) {
        return false;
      }
    }
    return list.isArray();
  }

  private static boolean counts(JsonNode list) {
    for (int i = 0; i < list.size(); i++) {
      if (list.get(i).asInt(-1) != i) {
        return false;
      }
    }
    return list.isArray();
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
            Reason.TYPE,
            "%s.%s is %s, and must be 0, 1, true or false"
                .formatted(at, key, value.isContainerNode() ? JsonRow.kind(value) : value));
      }
      said.add(key + " " + value);
      if (learned.isPresent() && !learned.equals(here)) {
        throw row.wrong(
            Reason.CONTRADICTION,
            "%s says both %s; keep one".formatted(at, String.join(" and ", said)));
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

  /** Whether a key says nothing of what is learned. */
  static boolean isAbout(String key) {
    return Message.isAbout(TurnReader.USER, key)
        || ABOUT.contains(key)
        || ABOUT_BEGINS.stream().anyMatch(key::startsWith)
        || ABOUT_ENDS.stream().anyMatch(key::endsWith);
  }
}
