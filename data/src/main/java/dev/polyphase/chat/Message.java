package dev.polyphase.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A turn of a conversation.
 *
 * @param fields what the template sees of it: {@code role}, {@code content} (a text, null or a list
 *     of parts), {@code tool_calls}, {@code reasoning_content}, {@code name} and whatever else the
 *     row says; not changed by anyone
 * @param learned whether it is to be learned, where the row itself says so
 */
public record Message(ObjectNode fields, Optional<Boolean> learned) {
  static final String ROLE = "role";
  static final String CONTENT = "content";
  static final String TOOL_CALLS = "tool_calls";

  /** The names that thinking goes by, the first that is there counts. */
  static final List<String> THOUGHTS = List.of("reasoning_content", "thinking", "reasoning");

  private static final String ASSISTANT = "assistant";

  /** Those who are someone by their name. */
  private static final Set<String> SPEAKERS = Set.of("system", "developer", "user", ASSISTANT);

  /** Keys that tell where a message is from and what was found of it, not what it says. */
  private static final Set<String> ABOUT =
      Set.of(
          "id",
          "ids",
          "uuid",
          "guid",
          "index",
          "idx",
          "turn",
          "position",
          "source",
          "origin",
          "url",
          "dataset",
          "model",
          "model_name",
          "generator",
          "author",
          "score",
          "scores",
          "rating",
          "ratings",
          "rank",
          "quality",
          "label_quality",
          "timestamp",
          "time",
          "date",
          "created",
          "created_at",
          "updated_at",
          "lang",
          "language",
          "metadata",
          "meta",
          "info",
          "tags",
          "tokens",
          "num_tokens",
          "token_count",
          "length",
          "turn_identifier",
          "country",
          "state",
          "hashed_ip",
          "header",
          "redacted",
          "toxic");

  /** A turn of nothing but its text. */
  public Message(String role, String content) {
    this(
        JsonNodeFactory.instance.objectNode().put(ROLE, role).put(CONTENT, content),
        Optional.empty());
  }

  /** Who speaks; empty where the row does not say. */
  public String role() {
    return fields.path(ROLE).asText();
  }

  /** What is said where that is a text; empty where it is none or in parts. */
  public String content() {
    return fields.path(CONTENT).isTextual() ? fields.get(CONTENT).textValue() : "";
  }

  /** Whether this is the model's turn. */
  public boolean isAssistant() {
    return role().equals(ASSISTANT);
  }

  /**
   * Whether a key of a message asks for nothing, so that a template need not read it. The name of a
   * tool that answers is such a key: the call says it.
   */
  public static boolean isAbout(String role, String key) {
    boolean nameOfTool = key.equals("name") && !SPEAKERS.contains(role);
    return nameOfTool || ABOUT.contains(key) || key.endsWith("_id") || key.endsWith("_score");
  }

  /** Whether a value says something: null, false, and empty texts, lists and objects do not. */
  public static boolean isGiven(JsonNode value) {
    return switch (value.getNodeType()) {
      case MISSING, NULL -> false;
      case BOOLEAN -> value.booleanValue();
      case STRING -> !value.textValue().isEmpty();
      case ARRAY, OBJECT -> !value.isEmpty();
      case NUMBER, BINARY, POJO -> true;
    };
  }
}
