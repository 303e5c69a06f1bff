package dev.polyphase.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.jinja.Rendering;
import dev.polyphase.jinja.TemplateException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.Tokenizer;
import dev.polyphase.weights.FileChange;
import dev.polyphase.weights.JsonEdit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The expected texts are what each family documents, put down by hand; what is learned stands in
 * double brackets.
 */
class ChatTemplatesTest {
  private static final String TALK =
      """
      {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "1+1?"},
        {"role": "assistant", "content": "2"}], "bos_token": "<s>", "eos_token": "</s>"}""";
  private static final String WITHOUT_SYSTEM =
      """
      {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}],
        "bos_token": "<s>", "eos_token": "</s>"}""";
  private static final String CALL =
      """
      {"messages": [{"role": "user", "content": "Rain?"},
        {"role": "assistant", "content": null, "tool_calls":
          [{"id": "abcdefghi", "type": "function", "function": {"name": "rain", "arguments": {"at": "Bonn"}}}]},
        {"role": "tool", "content": "no", "tool_call_id": "abcdefghi"},
        {"role": "assistant", "content": "No."}], "bos_token": "<s>", "eos_token": "</s>",
        "tools": [{"type": "function", "function": {"name": "rain"}}]}""";

  @TempDir Path temp;

  static Stream<Arguments> conversations() {
    return Stream.of(
        Arguments.of(
            "chatml",
            TALK,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n[[Hello.<|im_end|>]]\n<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n[[2<|im_end|>]]\n"),
        Arguments.of(
            "llama3",
            TALK,
            "<s><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n[[Hello.<|eot_id|>]]<|start_header_id|>user<|end_header_id|>\n\n1+1?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n[[2<|eot_id|>]]"),
        Arguments.of(
            "llama3_1",
            CALL,
            """
            <s><|start_header_id|>system<|end_header_id|>

            Environment: ipython
            Cutting Knowledge Date: December 2023
            Today Date: 26 Jul 2024

            <|eot_id|><|start_header_id|>user<|end_header_id|>

            Given the following functions, please respond with a JSON for a function call with its proper arguments that best answers the given prompt.

            Respond in the format {"name": function name, "parameters": dictionary of argument name and its value}.Do not use variables.

            {
                "type": "function",
                "function": {
                    "name": "rain"
                }
            }

            Rain?<|eot_id|><|start_header_id|>assistant<|end_header_id|>

            [[{"name": "rain", "parameters": {"at": "Bonn"}}<|eot_id|>]]<|start_header_id|>ipython<|end_header_id|>

            "no"<|eot_id|><|start_header_id|>assistant<|end_header_id|>

            [[No.<|eot_id|>]]"""),
        Arguments.of(
            "llama2",
            TALK,
            "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST][[ Hello. </s>]]<s>[INST] 1+1? [/INST][[ 2 </s>]]"),
        Arguments.of(
            "mistral_v1",
            TALK,
            "<s> [INST] Be brief.\n\nHi [/INST][[ Hello.</s>]] [INST] 1+1? [/INST][[ 2</s>]]"),
        Arguments.of(
            "mistral",
            TALK,
            "<s>[INST] Hi[/INST][[ Hello.</s>]][INST] Be brief.\n\n1+1?[/INST][[ 2</s>]]"),
        Arguments.of(
            "mistral_v3_tekken",
            CALL,
            "<s>[AVAILABLE_TOOLS][{\"type\": \"function\", \"function\": {\"name\": \"rain\"}}][/AVAILABLE_TOOLS][INST]Rain?[/INST][[[TOOL_CALLS][{\"name\": \"rain\", \"arguments\": {\"at\": \"Bonn\"}, \"id\": \"abcdefghi\"}]</s>]][TOOL_RESULTS]{\"content\": no, \"call_id\": \"abcdefghi\"}[/TOOL_RESULTS][[No.</s>]]"),
        Arguments.of(
            "mistral_v7_tekken",
            TALK,
            "<s>[SYSTEM_PROMPT]Be brief.[/SYSTEM_PROMPT][INST]Hi[/INST][[Hello.</s>]][INST]1+1?[/INST][[2</s>]]"),
        Arguments.of(
            "gemma",
            WITHOUT_SYSTEM,
            "<s><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n[[Hello.<end_of_turn>]]\n"),
        Arguments.of(
            "gemma3",
            TALK,
            "<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\n[[Hello.<end_of_turn>]]\n<start_of_turn>user\n1+1?<end_of_turn>\n<start_of_turn>model\n[[2<end_of_turn>]]\n"),
        Arguments.of(
            "phi",
            TALK,
            "<|system|>\nBe brief.<|end|>\n<|user|>\nHi<|end|>\n<|assistant|>\n[[Hello.<|end|>]]\n<|user|>\n1+1?<|end|>\n<|assistant|>\n[[2<|end|>]]\n</s>"),
        Arguments.of(
            "phi4",
            WITHOUT_SYSTEM,
            "<|im_start|>user<|im_sep|>Hi<|im_end|><|im_start|>assistant<|im_sep|>[[Hello.<|im_end|>]]"),
        Arguments.of(
            "qwen2_5",
            CALL,
            """
            <|im_start|>system
            You are Qwen, created by Alibaba Cloud. You are a helpful assistant.

            # Tools

            You may call one or more functions to assist with the user query.

            You are provided with function signatures within <tools></tools> XML tags:
            <tools>
            {"type": "function", "function": {"name": "rain"}}
            </tools>

            For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
            <tool_call>
            {"name": <function-name>, "arguments": <args-json-object>}
            </tool_call><|im_end|>
            <|im_start|>user
            Rain?<|im_end|>
            <|im_start|>assistant
            [[<tool_call>
            {"name": "rain", "arguments": {"at": "Bonn"}}
            </tool_call><|im_end|>]]
            <|im_start|>user
            <tool_response>
            no
            </tool_response><|im_end|>
            <|im_start|>assistant
            [[No.<|im_end|>]]
            """),
        Arguments.of(
            "qwen3",
            TALK,
            "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n[[Hello.<|im_end|>]]\n<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n[[<think>\n\n</think>\n\n2<|im_end|>]]\n"),
        Arguments.of(
            "deepseek",
            CALL,
            "<s><｜User｜>Rain?<｜Assistant｜>[[<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>rain\n```json\n{\"at\": \"Bonn\"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜></s>]]<｜tool▁outputs▁begin｜><｜tool▁output▁begin｜>no<｜tool▁output▁end｜><｜tool▁outputs▁end｜>[[No.</s>]]"),
        Arguments.of(
            "deepseek_v2",
            TALK,
            "<s>Be brief.\n\n<｜User｜>Hi<｜Assistant｜>[[Hello.</s>]]<｜User｜>1+1?<｜Assistant｜>[[2</s>]]"),
        Arguments.of(
            "zephyr",
            TALK,
            "<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\n[[Hello.</s>]]\n<|user|>\n1+1?</s>\n<|assistant|>\n[[2</s>]]\n"),
        Arguments.of(
            "alpaca",
            TALK,
            "<s>Be brief.\n\n### Instruction:\nHi\n\n### Response:\n[[Hello.</s>]]\n\n### Instruction:\n1+1?\n\n### Response:\n[[2</s>]]"),
        Arguments.of(
            "vicuna",
            TALK,
            "<s>Be brief. USER: Hi ASSISTANT:[[ Hello.</s>]]USER: 1+1? ASSISTANT:[[ 2</s>]]"));
  }

  @ParameterizedTest
  @MethodSource("conversations")
  void aConversationIsWrittenAsItsFamilyDoes(String name, String row, String expected)
      throws IOException {
    assertThat(marked(rendering(name, row))).isEqualTo(expected);
  }

  @Test
  void everyTemplateBeginsWithWhatItAsksWith() throws IOException {
    for (String name : ChatTemplates.names()) {
      Rendering whole = rendering(name, WITHOUT_SYSTEM);
      ObjectNode prompt = row(WITHOUT_SYSTEM).put("add_generation_prompt", true);
      prompt.withArrayProperty("messages").remove(1);
      String head = template(name).render(prompt).text();
      assertThat(whole.text()).as(name).startsWith(head);
      if (!name.equals("qwen3")) {
        assertThat(whole.generated().get(0).start()).as(name).isEqualTo(head.length());
      }
    }
  }

  @Test
  void whatATemplateDoesNotKnowIsRefused() {
    assertThatThrownBy(() -> rendering("gemma", TALK))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("gemma3 puts it before what the user says");
    assertThatThrownBy(() -> rendering("zephyr", CALL))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("a turn is of tool, and this template knows system, user and");
    assertThatThrownBy(
            () ->
                rendering("llama3_1", CALL.replace("\"content\": null", "\"content\": \"I ask.\"")))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("a turn says something and makes a call");
  }

  /** Texts as peers' rows have them: arguments are the text of an object already. */
  @Test
  void argumentsMayBeATextOfJson() throws IOException {
    String asText = CALL.replace("{\"at\": \"Bonn\"}", "\"{\\\"at\\\": \\\"Bonn\\\"}\"");
    for (String name : List.of("llama3_1", "mistral_v3_tekken", "qwen2_5", "qwen3", "deepseek")) {
      assertThat(marked(rendering(name, asText))).as(name).isEqualTo(marked(rendering(name, CALL)));
    }
  }

  @Test
  void aFileIsATemplateToo() throws IOException {
    Files.writeString(
        temp.resolve("own.jinja"), "{% for m in messages %}{{ m.content }};{% endfor %}");
    assertThat(ChatTemplates.file("own.jinja", temp)).hasValue(temp.resolve("own.jinja"));
    assertThat(ChatTemplates.file("chatml", temp)).isEmpty();
    assertThat(rendering("own.jinja", WITHOUT_SYSTEM).text()).isEqualTo("Hi;Hello.;");
    assertThat(ChatTemplates.of("k", "tokenizer_default", temp)).isEmpty();
    assertThatThrownBy(() -> template("gone.jinja"))
        .isInstanceOf(InputException.class)
        .hasMessage(
            temp.resolve("gone.jinja")
                + ": there is no such file; give the path of a chat template");
    assertThatThrownBy(() -> template("lama3"))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith("k: is lama3, and there is no template of that name; give one of")
        .hasMessageContaining("llama3, llama3_1,")
        .hasMessageEndingWith(
            "tokenizer_default for the model's own, or a file that ends in .jinja");
  }

  @Test
  void tokensThatATokenizerLacksAreNamed() throws IOException {
    Path model = Fixture.LLAMA.copyTo(temp);
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      ChatTemplates.requireTokens("k", "chatml", tokenizer);
      ChatTemplates.requireTokens("k", "alpaca", tokenizer);
      ChatTemplates.requireTokens("k", "own.jinja", tokenizer);
      assertThatThrownBy(() -> ChatTemplates.requireTokens("k", "phi_4", tokenizer))
          .isInstanceOf(InputException.class)
          .hasMessage(
              "k: is phi_4, which writes <|im_start|>, <|im_sep|>, <|im_end|>, but the model's"
                  + " tokenizer lacks <|im_sep|>, so that the model would learn pieces of it; add"
                  + " them with special_tokens: {additional_special_tokens: ['<|im_sep|>']}, or"
                  + " take another template");
    }
    Files.writeString(model.resolve("tokenizer_config.json"), "{}");
    try (Tokenizer tokenizer = Tokenizer.open(model)) {
      assertThatThrownBy(() -> ChatTemplates.requireTokens("k", "alpaca", tokenizer))
          .isInstanceOf(InputException.class)
          .hasMessageContaining("ends turns with eos_token, but the model's tokenizer names none");
    }
  }

  @Test
  void aSavedFolderHasOneTemplate() throws IOException {
    Path further = Files.createDirectory(temp.resolve("additional_chat_templates"));
    Files.writeString(further.resolve("tool_use.jinja"), "x");

    Map<String, FileChange> changes = ChatTemplates.saved(template("chatml"), temp);

    assertThat(changes)
        .containsEntry("chat_template.jinja", new FileChange.Text(ChatTemplates.text("chatml")))
        .containsEntry("tokenizer_config.json", JsonEdit.removing(Set.of("chat_template")))
        .containsEntry("chat_template.json", new FileChange.LeftOut())
        .containsEntry("additional_chat_templates/tool_use.jinja", new FileChange.LeftOut());
  }

  /** A template that nobody can ask for, or a name without one. */
  @Test
  void everyNameHasItsText() throws IOException {
    Set<String> texts = new HashSet<>();
    for (String name : ChatTemplates.names()) {
      texts.add(template(name).source());
    }
    assertThat(texts).hasSize(20);
    assertThat(conversations().map(c -> (String) c.get()[0]).collect(Collectors.toSet()))
        .isSubsetOf(ChatTemplates.names());
  }

  private ChatTemplate template(String name) throws IOException {
    return ChatTemplates.of("k", name, temp).orElseThrow();
  }

  private Rendering rendering(String name, String row) throws IOException {
    return template(name).render(row(row));
  }

  private static ObjectNode row(String json) throws IOException {
    return (ObjectNode) new ObjectMapper().readTree(json);
  }

  private static String marked(Rendering rendering) {
    StringBuilder text = new StringBuilder(rendering.text());
    for (int i = rendering.generated().size() - 1; i >= 0; i--) {
      text.insert(rendering.generated().get(i).end(), "]]");
      text.insert(rendering.generated().get(i).start(), "[[");
    }
    return text.toString();
  }
}
