package dev.polyphase.phases.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.chat.jinja.Template;
import dev.polyphase.phases.chat.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.JsonFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;

/**
 * The chat template of a model: it makes one text of a conversation. Rendered as Hugging Face's
 * {@code apply_chat_template} does.
 */
public final class ChatTemplate {
  private static final String TEMPLATE_FILE = "chat_template.jinja";
  private static final String CONFIG_FILE = "tokenizer_config.json";

  private final String name;
  private final Template template;
  private final ObjectNode specialTokens;

  private ChatTemplate(String name, String source, ObjectNode specialTokens) {
    this.name = name;
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
    Path configFile = modelFolder.resolve(CONFIG_FILE);
    JsonNode config = tokenizerConfig(configFile);
    ObjectNode specialTokens = SpecialTokens.in(config);
    Path file = modelFolder.resolve(TEMPLATE_FILE);
    if (Files.isRegularFile(file)) {
      return Optional.of(new ChatTemplate(file.toString(), text(file), specialTokens));
    }
    return sourceIn(config.path("chat_template"), configFile)
        .map(source -> new ChatTemplate(configFile + " (chat_template)", source, specialTokens));
  }

  /**
   * A template in a file of its own, for which no special tokens are known.
   *
   * @throws InputException if it is malformed
   */
  public static ChatTemplate ofFile(Path file) throws IOException {
    return new ChatTemplate(file.toString(), text(file), JsonNodeFactory.instance.objectNode());
  }

  /** ChatML, which stands in for a template where there is none. */
  static ChatTemplate chatMl() throws IOException {
    String resource = "chatml.jinja";
    try (InputStream in = ChatTemplate.class.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("the program lacks its resource " + resource);
      }
      String source = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      return new ChatTemplate("ChatML", source, JsonNodeFactory.instance.objectNode());
    }
  }

  /** Where the template comes from, for messages. */
  public String name() {
    return name;
  }

  /**
   * The text of a conversation.
   *
   * @param variables what the template sees: {@code messages}, and whatever else a row brings
   *     along; {@code tools} and {@code documents} are none and {@code add_generation_prompt} is
   *     false where they are missing, and special tokens are the model's
   * @throws TemplateException as {@link Template#render} says
   */
  public String render(ObjectNode variables) {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    all.putNull("tools");
    all.putNull("documents");
    all.put("add_generation_prompt", false);
    all.setAll(specialTokens);
    all.setAll(variables);
    return template.render(all, Clock.system(ZoneId.systemDefault()));
  }

  /**
   * The text of a conversation of plain messages.
   *
   * @throws TemplateException as {@link Template#render} says
   */
  String render(List<Message> messages, boolean addGenerationPrompt) {
    ObjectNode variables = JsonNodeFactory.instance.objectNode();
    variables.put("add_generation_prompt", addGenerationPrompt);
    for (Message message : messages) {
      variables
          .withArrayProperty("messages")
          .addObject()
          .put("role", message.role())
          .put("content", message.content());
    }
    return render(variables);
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

  private static JsonNode tokenizerConfig(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return JsonNodeFactory.instance.objectNode();
    }
    return JsonFile.read(file);
  }

  private static String text(Path file) throws IOException {
    try {
      return Files.readString(file);
    } catch (CharacterCodingException e) {
      throw new InputException(Place.in(file.toString()), "this file is not in UTF-8");
    }
  }
}
