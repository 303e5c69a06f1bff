package dev.polyphase.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChatTemplateTest {
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
        .startsWith(model.resolve("chat_template.jinja") + ": the template writes nothing of what");
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

  @Test
  void whatATemplateRefusesIsRefusedInItsWords() throws IOException {
    template(
        (TURNS + PROMPT)
            .replace(
                "{% for m in messages %}",
                "{% for m in messages %}{% if m.content == 'x' %}{{ raise_exception('no x') }}{% endif %}"));
    assertThat(render(new Message("user", "a"))).startsWith("<|im_start|>user");
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
    assertThat(ChatTemplate.in(model).orElseThrow().render(none).text())
        .isEqualTo("<s></s>TrueTrueFalse");
  }

  private String render(Message... messages) throws IOException {
    try (LazyTokenizer tokenizer = new LazyTokenizer(model)) {
      List<Message> all = new ArrayList<>(List.of(messages));
      all.add(new Message("assistant", "END"));
      TokenizedChat chat = new ChatEncoder(tokenizer).encode(new Conversation(all));
      StringBuilder text = new StringBuilder();
      for (int id : chat.ids()) {
        text.append(tokenizer.get().textOf(id));
      }
      return text.toString().replace("<|im_start|>assistant\nEND<|im_end|>\n", "");
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
