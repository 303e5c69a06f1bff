package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenderCommandTest {
  @TempDir Path folder;
  private Path model;
  private Path rows;

  @BeforeEach
  void files() throws IOException {
    model = Fixture.LLAMA.copyTo(folder);
    rows =
        Files.writeString(
            folder.resolve("rows.jsonl"),
            """
            {"messages": [{"role": "user", "content": "Grüße 😀"}]}
            {"messages": [{"role": "user", "content": "a"}], "add_generation_prompt": false}
            {"prompt": "a"}
            """);
  }

  @Test
  void rendersWithAModelsTemplate() throws IOException {
    String expected =
        """
        {"text":"<|im_start|>user\\nGrüße 😀<|im_end|>\\n<|im_start|>assistant\\n"}
        {"text":"<|im_start|>user\\na<|im_end|>\\n"}
        {"error":"the row has no list of \\"messages\\""}
        """;
    Polyphase.Ended ended = render(model, "--add-generation-prompt");
    assertThat(ended).isEqualTo(new Polyphase.Ended(0, expected, ""));

    Files.writeString(model.resolve("tokenizer_config.json"), "{}");
    assertThat(render(model, "--add-generation-prompt")).isEqualTo(ended);
  }

  @Test
  void rendersWithAnotherTemplateAndTheModelsTokens() throws IOException {
    assertThat(render(model, "--chat-template", "zephyr").results())
        .startsWith("{\"text\":\"<|user|>\\nGrüße 😀<|im_end|>\\n\"}\n");
    Path own = Files.writeString(folder.resolve("own.jinja"), "{{ messages[0].content }}");
    assertThat(render(model, "--chat-template", own.toString()).results())
        .startsWith("{\"text\":\"Grüße 😀\"}\n");
    assertThat(render(model, "--chat-template", "tokenizer_default")).isEqualTo(render(model));
    assertThat(render(model, "--chat-template", "zefir"))
        .satisfies(
            ended -> {
              assertThat(ended.exitCode()).isEqualTo(2);
              assertThat(ended.messages()).startsWith("--chat-template: is zefir, and there is no");
            });
  }

  @Test
  void refusesHalfACharacterAsTrainingDoes() throws IOException {
    Files.writeString(
        rows,
        """
        {"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b\\ud800c"}]}
        {"messages": [{"role": "user", "content": "\\ud83d\\ude00"}]}
        """);

    assertThat(render(model))
        .isEqualTo(
            new Polyphase.Ended(
                0,
                """
                {"error":"\\"content\\" holds half a character (the surrogate \\\\ud800 at index 1) and can't be encoded"}
                {"text":"<|im_start|>user\\n😀<|im_end|>\\n"}
                """,
                ""));
  }

  @Test
  void rendersWithATemplateOfAnyKind() throws IOException {
    Path template =
        Files.writeString(
            folder.resolve("own.jinja"),
            """
            {%- if messages[0].content == 'a' %}
              {{- raise_exception('not a') }}
            {%- endif %}
            {{ bos_token }}{{ extra }}{{ messages | tojson }}
            """);
    Files.writeString(
        rows,
        """
        {"messages": [{"role": "x", "content": "a"}]}
        {"messages": [{"role": "x", "content": ["<b>"]}], "extra": 5}
        """);
    assertThat(render(template, "--set-token", "bos_token=<s>=").results())
        .isEqualTo(
            """
            {"error":"%s:2:22: not a"}
            {"text":"<s>=5[{\\"role\\": \\"x\\", \\"content\\": [\\"<b>\\"]}]"}
            """
                .formatted(template));
  }

  @Test
  void wrongFilesAreInputErrors() throws IOException {
    Path template = Files.writeString(folder.resolve("own.jinja"), "{% if %}");
    assertThat(render(template))
        .isEqualTo(
            new Polyphase.Ended(2, "", template + ":1:7: expected an expression, found '%}'\n"));
    Files.writeString(rows, "{\"messages\": []}\nnonsense\n");
    Polyphase.Ended ended = render(model);
    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.results()).isEmpty();
    assertThat(ended.messages()).startsWith(rows + ":2:1: this row is no JSON").hasLineCount(1);
  }

  private Polyphase.Ended render(Path modelOrTemplate, String... options) {
    String[] args = {"render", modelOrTemplate.toString(), "--input", rows.toString()};
    return Polyphase.execute(
        Stream.of(args, options).flatMap(Arrays::stream).toArray(String[]::new));
  }
}
