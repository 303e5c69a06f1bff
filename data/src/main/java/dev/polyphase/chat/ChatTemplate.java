package dev.polyphase.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.jinja.Template;
import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.TokenizerFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.Optional;
import java.util.function.BiConsumer;

/**
 * The chat template of a model: it makes one text of a conversation. Rendered as Hugging Face's
 * {@code apply_chat_template} does.
 */
public final class ChatTemplate {
  private static final JsonMapper JSON = new JsonMapper();

  /** The file of a model's folder that holds it. */
  static final String FILE = "chat_template.jinja";

  /** The key of a row's tools. */
  public static final String TOOLS = "tools";

  /** The key of a row's further variables. */
  public static final String VARIABLES = "chat_template_kwargs";

  private final String name;
  private final String source;
  private final Template template;
  private final ObjectNode specialTokens;

  private ChatTemplate(String name, String source, ObjectNode specialTokens) {
    this.name = name;
    this.source = source;
    this.specialTokens = specialTokens;
    try {
      this.template = Template.parse(source);
    } catch (TemplateException e) {
      throw new InputException(new Place(name, e.line(), e.column()), e.getMessage());
    }
  }

  /**
   * The template of a model: {@code chat_template.jinja}, else {@code chat_template} of {@code
   * tokenizer_config.json}, of a list of several the one named {@code default}. Empty if there is
   * none.
   *
   * @param modelFolder a folder in Hugging Face layout
   * @throws InputException if a file or the template is malformed
   */
  public static Optional<ChatTemplate> in(Path modelFolder) throws IOException {
    TokenizerFolder tokenizer = TokenizerFolder.read(modelFolder);
    ObjectNode specialTokens = specialTokens(tokenizer);
    Path file = modelFolder.resolve(FILE);
    if (InputFile.isThere(file)) {
      return Optional.of(new ChatTemplate(file.toString(), text(file), specialTokens));
    }
    Path configFile = tokenizer.configFile();
    return sourceIn(tokenizer.config().path("chat_template"), configFile)
        .map(source -> new ChatTemplate(configFile + " (chat_template)", source, specialTokens));
  }

  /**
   * A template in a file of its own, for which no special tokens are known.
   *
   * @throws InputException if it is malformed
   */
  public static ChatTemplate ofFile(Path file) throws IOException {
    return new ChatTemplate(
        InputFile.name(file), text(file), JsonNodeFactory.instance.objectNode());
  }

  /**
   * A text in place of a model's template, which sees the model's special tokens.
   *
   * @param name what messages call it
   * @throws InputException if it is malformed
   */
  static ChatTemplate forModel(String name, String source, Path modelFolder) throws IOException {
    return new ChatTemplate(name, source, specialTokens(TokenizerFolder.read(modelFolder)));
  }

  /** ChatML, which stands in for a template where there is none. */
  static ChatTemplate chatMl() throws IOException {
    return new ChatTemplate(
        "ChatML", ChatTemplates.text("chatml"), JsonNodeFactory.instance.objectNode());
  }

  private static ObjectNode specialTokens(TokenizerFolder tokenizer) {
    ObjectNode specialTokens = JsonNodeFactory.instance.objectNode();
    tokenizer.specialTokens().forEach(specialTokens::put);
    return specialTokens;
  }

  /** Its text. */
  public String source() {
    return source;
  }

  /** Where the template comes from, for messages. */
  public String name() {
    return name;
  }

  /**
   * Whether the template may read something of this name: it stands in its source, as a name or a
   * text.
   */
  boolean mentions(String name) {
    return template.mentions(name);
  }

  /**
   * The text of a conversation.
   *
   * @param variables what the template sees: {@code messages}, and whatever else a row brings
   *     along; {@code tools} and {@code documents} are none and {@code add_generation_prompt} is
   *     false where they are missing, and special tokens are the model's. {@code tools} may be a
   *     text of JSON, and what is in {@code chat_template_kwargs} is a variable of its own, as in
   *     TRL
   * @throws TemplateException as {@link Template#render} says
   */
  public String render(ObjectNode variables) {
    return render(variables, (message, key) -> {});
  }

  private String render(ObjectNode variables, BiConsumer<Integer, String> read) {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    all.putNull("documents");
    all.put("add_generation_prompt", false);
    all.setAll(specialTokens);
    if (variables.path(VARIABLES) instanceof ObjectNode more) {
      all.setAll(more);
    }
    all.setAll(variables);
    all.remove(VARIABLES);
    all.set(TOOLS, tools(variables.path(TOOLS)));
    return template.render(all, Clock.system(ZoneId.systemDefault()), read);
  }

  /**
   * The text of a conversation.
   *
   * @param read hears of each key of a message that the template asks for: the message's number,
   *     from 0, and the key
   * @throws TemplateException as {@link Template#render} says
   */
  String render(
      Conversation conversation, boolean addGenerationPrompt, BiConsumer<Integer, String> read) {
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    variables.put("add_generation_prompt", addGenerationPrompt);
    variables.setAll(conversation.variables());
    for (Message message : conversation.messages()) {
      variables
          .withArrayProperty("messages")
          .addObject()
          .put("role", message.role())
          .put("content", message.content())
          .<ObjectNode>setAll(message.about())
          .setAll(message.more());
    }
    return render(variables, read);
  }

  /**
   * The tools of a row: a list of them, given as such or as a text of JSON. What says that there
   * are none is null: nothing, an empty text or list.
   */
  public static JsonNode tools(JsonNode value) {
    JsonNode tools = value;
    if (value.isTextual()) {
      try {
        tools =
            value.textValue().isBlank() ? NullNode.getInstance() : JSON.readTree(value.textValue());
      } catch (JsonProcessingException e) {
        return value;
      }
    }
    boolean none =
        tools.isMissingNode() || tools.isNull() || (tools.isContainerNode() && tools.isEmpty());
    return none ? NullNode.getInstance() : tools;
  }

  private static Optional<String> sourceIn(JsonNode template, Path file) {
    if (template.isMissingNode() || template.isNull()) {
      return Optional.empty();
    }
    if (template.isTextual()) {
      return Optional.of(template.textValue());
    }
    for (JsonNode named : template) {
      if (named.path("name").asText().equals("default") && named.path("template").isTextual()) {
        return Optional.of(named.get("template").textValue());
      }
    }
    throw new InputException(
        Place.in(file.toString()),
        "\"chat_template\" must be a string, or a list of {\"name\", \"template\"} with one named"
            + " default");
  }

  static String text(Path file) throws IOException {
    try {
      ByteBuffer utf8 = ByteBuffer.wrap(InputFile.readAllBytes(file));
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(Place.in(InputFile.name(file)), "this file is not in UTF-8");
    }
  }
}
