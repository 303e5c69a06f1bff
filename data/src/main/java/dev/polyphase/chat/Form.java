package dev.polyphase.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.polyphase.jinja.Template;
import dev.polyphase.pipelines.problems.InputException;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How messages are given to a template. Most take what Hugging Face documents; some can only join
 * texts, or look for parts alone.
 *
 * <p>In every form, keys that are null and lists of calls that are empty are left out, as TRL
 * advises, since data sets in columns have them in every message; but {@code content} may be null.
 */
enum Form {
  /**
   * Contents as the row has them; arguments of calls as objects, also where the row has their JSON.
   */
  AS_DOCUMENTED,
  /** Arguments as a text of JSON, as rows of OpenAI's form have them. */
  ARGUMENTS_AS_TEXT,
  /** Contents in parts as one text, a line for each part. */
  CONTENT_AS_TEXT,
  /** Contents that are texts as a list of one part. */
  CONTENT_AS_PARTS;

  private static final String TYPE = "type";
  private static final String TEXT = "text";
  private static final String FUNCTION = "function";
  private static final String ARGUMENTS = "arguments";

  /** As Python's json reads. */
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private static final Template AS_JSON =
      Template.parse("{{ arguments | tojson(ensure_ascii=False) }}");

  /**
   * Messages in this form.
   *
   * @throws InputException without a place, naming a message that no template could be given
   */
  ArrayNode messages(List<Message> messages) {
    ArrayNode given = JsonNodeFactory.instance.arrayNode(messages.size());
    for (int i = 0; i < messages.size(); i++) {
      given.add(message(messages.get(i), i));
    }
    return given;
  }

  /** Whether this is another form of these messages than the documented one. */
  boolean changes(List<Message> messages) {
    return switch (this) {
      case AS_DOCUMENTED -> false;
      case ARGUMENTS_AS_TEXT ->
          messages.stream()
              .anyMatch(message -> message.fields().path(Message.TOOL_CALLS).size() > 0);
      case CONTENT_AS_TEXT ->
          messages.stream().anyMatch(message -> message.fields().path(Message.CONTENT).isArray());
      case CONTENT_AS_PARTS ->
          messages.stream().anyMatch(message -> message.fields().path(Message.CONTENT).isTextual());
    };
  }

  private ObjectNode message(Message message, int at) {
    ObjectNode given = JsonNodeFactory.instance.objectNode();
    if (message.role().isEmpty()) {
      throw new InputException(
          "the message at [%d] does not say whose it is (\"role\")".formatted(at));
    }
    for (Map.Entry<String, JsonNode> field : message.fields().properties()) {
      String key = field.getKey();
      JsonNode value = field.getValue();
      if (key.equals(Message.CONTENT)) {
        given.set(key, content(value, message, at));
      } else if (key.equals(Message.TOOL_CALLS)) {
        if (Message.isGiven(value)) {
          given.set(key, calls(value, message, at));
        }
      } else if (!value.isNull()) {
        given.set(key, value);
      }
    }
    return given;
  }

  private JsonNode content(JsonNode content, Message message, int at) {
    if (content.isNull()) {
      return content;
    }
    if (content.isTextual()) {
      return this == CONTENT_AS_PARTS
          ? JsonNodeFactory.instance.arrayNode().add(part(content.textValue()))
          : content;
    }
    if (!content.isArray()) {
      throw wrong(
          "content", message, at, "must be a text, null or a list of parts, found " + content);
    }
    ArrayNode parts = JsonNodeFactory.instance.arrayNode(content.size());
    StringBuilder joined = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      String text = text(content.get(i), message, at, i);
      parts.add(part(text));
      joined.append(i > 0 ? "\n" : "").append(text);
    }
    return this == CONTENT_AS_TEXT ? TextNode.valueOf(joined.toString()) : parts;
  }

  private static ObjectNode part(String text) {
    return JsonNodeFactory.instance.objectNode().put(TYPE, TEXT).put(TEXT, text);
  }

  private static String text(JsonNode part, Message message, int at, int index) {
    if (part.isTextual()) {
      return part.textValue();
    }
    String type = part.path(TYPE).asText(TEXT);
    String where = "content[%d]".formatted(index);
    if (!type.equals(TEXT)) {
      throw wrong(
          where,
          message,
          at,
          "is a part of type \"%s\", and only parts of text can be trained on; leave the row out"
              .formatted(type));
    }
    if (!part.path(TEXT).isTextual()) {
      throw wrong(where, message, at, "must be {\"type\": \"text\", \"text\": ...}, found " + part);
    }
    Optional<Map.Entry<String, JsonNode>> more =
        part.properties().stream()
            .filter(entry -> !entry.getKey().equals(TYPE) && !entry.getKey().equals(TEXT))
            .filter(entry -> Message.isGiven(entry.getValue()) && !Message.isAbout(entry.getKey()))
            .findFirst();
    if (more.isPresent()) {
      throw wrong(
          where,
          message,
          at,
          "has \"%s\", which is not read; take it out".formatted(more.get().getKey()));
    }
    return part.get(TEXT).textValue();
  }

  private JsonNode calls(JsonNode calls, Message message, int at) {
    if (!calls.isArray()) {
      throw wrong(Message.TOOL_CALLS, message, at, "must be a list of calls, found " + calls);
    }
    ArrayNode given = JsonNodeFactory.instance.arrayNode(calls.size());
    for (JsonNode call : calls) {
      if (!call.isObject()) {
        throw wrong(Message.TOOL_CALLS, message, at, "must be a list of objects, found " + call);
      }
      ObjectNode copy = withoutNulls(call);
      if (copy.path(FUNCTION) instanceof ObjectNode function) {
        copy.set(FUNCTION, withArguments(withoutNulls(function)));
      }
      given.add(withArguments(copy));
    }
    return given;
  }

  private static ObjectNode withoutNulls(JsonNode object) {
    ObjectNode copy = JsonNodeFactory.instance.objectNode();
    object.properties().stream()
        .filter(entry -> !entry.getValue().isNull())
        .forEach(entry -> copy.set(entry.getKey(), entry.getValue()));
    return copy;
  }

  private ObjectNode withArguments(ObjectNode function) {
    JsonNode arguments = function.path(ARGUMENTS);
    if (this == ARGUMENTS_AS_TEXT) {
      if (arguments.isContainerNode()) {
        ObjectNode variables = JsonNodeFactory.instance.objectNode();
        variables.set(ARGUMENTS, arguments);
        function.put(ARGUMENTS, AS_JSON.render(variables, Clock.systemUTC()).text());
      }
    } else if (arguments.isTextual()) {
      object(arguments.textValue()).ifPresent(parsed -> function.set(ARGUMENTS, parsed));
    }
    return function;
  }

  /** Of a text that is no JSON object the template is given the text. */
  private static Optional<JsonNode> object(String text) {
    try {
      JsonNode parsed = text.stripLeading().startsWith("{") ? JSON.readTree(text) : null;
      return Optional.ofNullable(parsed).filter(JsonNode::isObject);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }

  private static InputException wrong(String key, Message message, int at, String sentence) {
    return new InputException(
        "\"%s\" of the turn of %s at [%d] %s".formatted(key, message.role(), at, sentence));
  }
}
