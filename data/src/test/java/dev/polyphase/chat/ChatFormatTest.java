package dev.polyphase.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChatFormatTest {
  private static final String TURNS =
      "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}";
  private static final String PROMPT =
      "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

  @TempDir Path temp;
  private Path model;

  @BeforeEach
  void model() {
    model = Fixture.LLAMA.copyTo(temp);
  }

  @Test
  void takesTheTemplateOfTheTokenizerConfig() throws IOException {
    assertThat(render(new Message("user", "a"), new Message("assistant", "b")))
        .isEqualTo("<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n");
  }

  @Test
  void aTemplateFileComesFirst() throws IOException {
    Files.writeString(
        model.resolve("chat_template.jinja"), "{% raw %}{{ not ChatML }}{% endraw %}");
    assertThat(refusal())
        .startsWith(
            model.resolve("chat_template.jinja") + ": only chat templates that write ChatML")
        .endsWith("(found with turns of [user], without a generation prompt)")
        .contains("\"{{ not ChatML }}\"");
  }

  @Test
  void ofSeveralTemplatesTheDefaultIsTaken() throws IOException {
    config(
        "[{\"name\": \"tool_use\", \"template\": \"x\"}, {\"name\": \"default\", \"template\": \"%s\"}]"
            .formatted((TURNS + PROMPT).replace("\n", "\\n")));
    assertThat(render(new Message("user", "a"))).isEqualTo("<|im_start|>user\na<|im_end|>\n");
    config("[{\"name\": \"tool_use\", \"template\": \"x\"}]");
    assertThat(refusal()).contains("\"chat_template\" must be a string, or a list");
  }

  @Test
  void aSystemMessageOfTheTemplatesOwnIsRendered() throws IOException {
    template(
        "{% if messages[0].role != 'system' %}<|im_start|>system\nYou are kind.<|im_end|>\n{% endif %}"
            + TURNS
            + PROMPT);
    assertThat(render(new Message("user", "a"), new Message("assistant", "b")))
        .isEqualTo(
            """
            <|im_start|>system
            You are kind.<|im_end|>
            <|im_start|>user
            a<|im_end|>
            <|im_start|>assistant
            b<|im_end|>
            """);
    assertThat(render(new Message("system", "s"), new Message("user", "a")))
        .isEqualTo("<|im_start|>system\ns<|im_end|>\n<|im_start|>user\na<|im_end|>\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '@',
      value = {
        "{{ m.content }} @ {{ m.content | trim }}",
        "{{ m.content }} @ {{ m.content if m.content else '-' }}",
        "{{ m.content }} @ {{ m.content | e }}",
        "{{ m.role }} @ {{ m.role | upper }}",
        "{{ m.role }} @ {{ 'model' if m.role == 'assistant' else m.role }}",
        "<|im_end|> @ </s>",
        "{% if add_generation_prompt %} @ {% if not add_generation_prompt %}",
        "{% if add_generation_prompt %} @ {% if true %}",
        "{% for m in messages %} @ {{ bos_token }}<s>{% for m in messages %}",
        "{% for m in messages %} @ {% for m in messages[-3:] %}",
        "{% for m in messages %} @ {% for m in messages if m.role != 'system' %}",
        "{% for m in messages %} @ {% for m in messages %}{% if m.content == 'Be brief.' %}{{ raise_exception('no') }}{% endif %}",
      })
  void refusesWhateverIsNotChatMl(String part, String other) throws IOException {
    String changed = (TURNS + PROMPT).replace(part.strip(), other.strip());
    template(TURNS + PROMPT);
    assertThat(render(new Message("user", "a"))).isEqualTo("<|im_start|>user\na<|im_end|>\n");
    assertThat(changed).isNotEqualTo(TURNS + PROMPT);
    template(changed);
    assertThat(refusal()).startsWith(model.resolve("chat_template.jinja").toString());
  }

  @Test
  void aConversationThatTheTemplateWritesOtherwiseIsRefused() throws IOException {
    template(
        (TURNS + PROMPT)
            .replace("{{ m.role }}", "{{ 'user' if m.role == 'tool' else m.role }}")
            .replace(
                "{% for m in messages %}",
                "{% for m in messages %}{% if m.content == 'x' %}{{ raise_exception('no x') }}{% endif %}"));
    assertThat(render(new Message("user", "a"))).startsWith("<|im_start|>user");
    assertThat(
            catchThrowableOfType(
                InputException.class,
                () -> render(new Message("user", "a"), new Message("tool", "b"))))
        .hasMessageContaining("this one writes \"...a<|im_end|>\\n<|im_start|>user\\nb")
        .hasMessageContaining("where ChatML is");
    assertThat(catchThrowableOfType(InputException.class, () -> render(new Message("user", "x"))))
        .hasMessageContaining("refuses this conversation")
        .hasMessageEndingWith("no x");
  }

  @Test
  void withoutATemplateChatMlIsTakenWhereTheTokenizerKnowsIt() throws IOException {
    config("null");
    assertThat(render(new Message("user", " a\n"))).isEqualTo("<|im_start|>user\n a\n<|im_end|>\n");
    String json = Files.readString(model.resolve("tokenizer.json"));
    Files.writeString(model.resolve("tokenizer.json"), json.replace("<|im_start|>", "<|other|>"));
    assertThat(refusal())
        .startsWith(model + ": the model has no chat template")
        .contains("no token <|im_start|>");
  }

  @Test
  void aTemplateWhoseTokensTheTokenizerLacksIsRefused() throws IOException {
    String json = Files.readString(model.resolve("tokenizer.json"));
    Files.writeString(model.resolve("tokenizer.json"), json.replace("<|im_start|>", "<|other|>"));
    assertThat(refusal())
        .startsWith(
            model.resolve("tokenizer_config.json")
                + " (chat_template): the template writes <|im_start|>, which is no token");
  }

  @Test
  void aMalformedTemplateIsRefusedWithItsPlace() throws IOException {
    template("a\n{{ b");
    assertThat(refusal())
        .isEqualTo(
            model.resolve("chat_template.jinja")
                + ":2:1: the tag that begins here has no end; close it with }}");
  }

  @Test
  void templatesSeeTheModelsSpecialTokens() throws IOException {
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        """
        {"bos_token": {"content": "<s>", "lstrip": false}, "eos_token": "</s>", "pad_token": null,
         "chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}{{ tools is none }}{{ documents is none }}{{ add_generation_prompt }}"}
        """);
    ObjectNode none = JsonNodeFactory.instance.objectNode();
    assertThat(ChatTemplate.in(model).orElseThrow().render(none)).isEqualTo("<s></s>TrueTrueFalse");
  }

  private String render(Message... messages) throws IOException {
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      return ChatFormat.of(model, tokenizer, Optional.empty())
          .render(new Conversation(List.of(messages)), false)
          .text();
    }
  }

  private String refusal() {
    return catchThrowableOfType(InputException.class, () -> render(new Message("user", "a")))
        .getMessage();
  }

  private void template(String source) throws IOException {
    Files.writeString(model.resolve("chat_template.jinja"), source);
  }

  private void config(String template) throws IOException {
    Files.writeString(
        model.resolve("tokenizer_config.json"),
        "{\"eos_token\": \"<|im_end|>\", \"chat_template\": " + template + "}");
  }
}
