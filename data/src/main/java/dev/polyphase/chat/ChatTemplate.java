package dev.polyphase.chat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.jinja.Rendering;
import dev.polyphase.jinja.Template;
import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.tokens.TokenizerFolder;
import dev.polyphase.weights.Fingerprint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;

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

  /** Some write the date: all that one renders has the same, whenever midnight is. */
  private final Clock clock = Clock.fixed(Instant.now(), ZoneId.systemDefault());

  private ChatTemplate(String name, String source, Template template, ObjectNode specialTokens) {
    this.name = name;
    this.source = source;
    this.template = template;
    this.specialTokens = specialTokens;
  }

  private ChatTemplate(String name, String source, ObjectNode specialTokens) {
    this(name, source, parsed(name, source), specialTokens);
  }

  private static Template parsed(String name, String source) {
    try {
      return Template.parse(source);
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

  private static ObjectNode specialTokens(TokenizerFolder tokenizer) {
    ObjectNode specialTokens = JsonNodeFactory.instance.objectNode();
    tokenizer.specialTokens().forEach(specialTokens::put);
    return specialTokens;
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
   * A template that is not the model's own, for the model in a folder: with the model's special
   * tokens.
   *
   * @throws InputException if a file of the tokenizer is malformed
   */
  public ChatTemplate withTokensOf(Path modelFolder) throws IOException {
    return new ChatTemplate(
        name, source, template, specialTokens(TokenizerFolder.read(modelFolder)));
  }

  /**
   * The template that is taken for a model that has none of its own: ChatML.
   *
   * @throws InputException if the tokenizer lacks ChatML's tokens
   */
  public static ChatTemplate builtIn(Path modelFolder, Tokenizer tokenizer) throws IOException {
    for (String token : List.of("<|im_start|>", "<|im_end|>")) {
      if (tokenizer.idOf(token).isEmpty()) {
        throw new InputException(
            Place.in(modelFolder.toString()),
            "the model has no chat template, and its tokenizer no token "
                + token
                + " for ChatML; add <|im_start|> and <|im_end|> to the tokenizer as special tokens,"
                + " or write the conversations out as text");
      }
    }
    return chatMl();
  }

  /**
   * A text that is a template, for which no special tokens are known.
   *
   * @param name what messages call it
   * @throws InputException if it is malformed
   */
  static ChatTemplate ofText(String name, String source) {
    return new ChatTemplate(name, source, JsonNodeFactory.instance.objectNode());
  }

  /** ChatML, which stands in for a template where there is none. */
  private static ChatTemplate chatMl() throws IOException {
    return ofText("ChatML", ChatTemplates.text("chatml"));
  }

  /** Its text. */
  public String source() {
    return source;
  }

  /** Tells its source from others. */
  String fingerprint() {
    return new Fingerprint().add(source).text();
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
  public Rendering render(ObjectNode variables) {
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
    return template.render(all, clock);
  }

  /**
   * The text of a conversation, given in one form.
   *
   * @throws TemplateException as {@link Template#render} says
   * @throws InputException without a place, as {@link Form#messages} says
   */
  Rendering render(Conversation conversation, Form form, boolean addGenerationPrompt) {
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    variables.setAll(conversation.variables());
    variables.put("add_generation_prompt", addGenerationPrompt);
    variables.set("messages", form.messages(conversation.messages()));
    return render(variables);
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

  private static String text(Path file) throws IOException {
    try {
      ByteBuffer utf8 = ByteBuffer.wrap(InputFile.readAllBytes(file));
      return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
    } catch (CharacterCodingException e) {
      throw new InputException(Place.in(InputFile.name(file)), "this file is not in UTF-8");
    }
  }
}
