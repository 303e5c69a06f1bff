package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code preview} against conversations that are written out here, as ChatML has them. The
 * fixture's tokenizer has one token a byte, with the byte's value as its id.
 */
class PreviewTest {
  private static final String PIPELINE =
      """
      name: seen
      base_model: tiny-qwen2
      device: cpu
      defaults: {targeting: {top_percent: 50}, learning_rate: 1e-3, num_epochs: 1}
      phases:
        - {name: chat, type: sft, datasets: [{path: chats.jsonl}]}
        - {name: taste, type: dpo, datasets: [{path: pairs.jsonl}]}
      """;

  private static final String CHATS =
      """
      {"messages": [{"role": "user", "content": "<script>alert(1)</script>"}, {"role": "assistant", "content": "no"}]}

      {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "q"}, {"role": "assistant", "content": "\u00e9\\n1"}, {"role": "user", "content": "r"}, {"role": "assistant", "content": "t"}]}
      {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}
      """;

  private static final String PAIRS =
      """
      {"prompt": [{"role": "user", "content": "Say"}], "chosen": [{"role": "assistant", "content": "yes"}], "rejected": [{"role": "assistant", "content": "no"}]}
      """;

  private static final int START = 257;
  private static final int END = 258;
  private static final int NO_LOSS = -100;

  @TempDir Path folder;
  private String yaml = "";

  @BeforeEach
  void files() throws IOException {
    Fixture.QWEN2.copyTo(folder);
    Files.writeString(folder.resolve("chats.jsonl"), CHATS);
    Files.writeString(folder.resolve("pairs.jsonl"), PAIRS);
    yaml = Files.writeString(folder.resolve("seen.yaml"), PIPELINE).toString();
  }

  /** Tokens with their labels. */
  private static final class Written {
    private final List<Integer> ids = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    /** Adds the bytes of texts, and tokens by their number. */
    Written add(boolean loss, Object... parts) {
      for (Object part : parts) {
        if (part instanceof Integer token) {
          add(loss, token.intValue());
        } else {
          for (byte each : part.toString().getBytes(StandardCharsets.UTF_8)) {
            add(loss, each & 0xff);
          }
        }
      }
      return this;
    }

    private void add(boolean loss, int token) {
      ids.add(token);
      labels.add(loss ? token : NO_LOSS);
    }
  }

  @Test
  void ofConversationsTokensAndLabelsAreThoseOfTheirText() {
    List<JsonNode> rows = rows("--phase", "chat", "-n", "0");

    List<Written> expected =
        List.of(
            new Written()
                .add(false, START, "user\n<script>alert(1)</script>", END, "\n")
                .add(false, START, "assistant\n")
                .add(true, "no", END)
                .add(false, "\n"),
            new Written()
                .add(false, START, "system\ns", END, "\n", START, "user\nq", END, "\n")
                .add(false, START, "assistant\n")
                .add(true, "\u00e9\n1", END)
                .add(false, "\n", START, "user\nr", END, "\n", START, "assistant\n")
                .add(true, "t", END)
                .add(false, "\n"),
            new Written()
                .add(false, START, "user\na", END, "\n", START, "assistant\n")
                .add(true, "b", END)
                .add(false, "\n"));
    assertThat(rows).hasSize(3);
    for (int i = 0; i < 3; i++) {
      assertThat(rows.get(i).path("phase").textValue()).isEqualTo("chat");
      assertThat(rows.get(i).path("file").textValue()).endsWith("chats.jsonl");
      // The second line is empty.
      assertThat(rows.get(i).path("line").intValue()).isEqualTo(List.of(1, 3, 4).get(i));
      assertThat(numbers(rows.get(i), "input_ids")).isEqualTo(expected.get(i).ids);
      assertThat(numbers(rows.get(i), "labels")).isEqualTo(expected.get(i).labels);
    }
  }

  @Test
  void ofAPairThePromptAndItsTwoCompletionsAreShown() {
    List<JsonNode> rows = rows("--phase", "taste", "-n", "0");

    assertThat(rows).hasSize(1);
    JsonNode row = rows.get(0);
    assertThat(row.path("file").textValue()).endsWith("pairs.jsonl");
    assertThat(row.path("line").intValue()).isEqualTo(1);
    assertThat(numbers(row, "prompt_input_ids"))
        .isEqualTo(
            new Written().add(false, START, "user\nSay", END, "\n", START, "assistant\n").ids);
    assertThat(numbers(row, "chosen_input_ids")).isEqualTo(new Written().add(true, "yes", END).ids);
    assertThat(numbers(row, "rejected_input_ids"))
        .isEqualTo(new Written().add(true, "no", END).ids);
  }

  @Test
  void asManyRowsOfEachPhaseAsAreAskedFor() {
    assertThat(rows("-n", "1"))
        .extracting(row -> row.path("phase").textValue() + row.path("line").intValue())
        .containsExactly("chat1", "taste1");
    assertThat(rows())
        .extracting(row -> row.path("phase").textValue())
        .containsExactly("chat", "chat", "chat", "taste");
  }

  @Test
  void aPhaseThatIsNotThereIsNamed() {
    Polyphase.Ended ended = polyphase("preview", yaml, "--phase", "tast");

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.results()).isEmpty();
    assertThat(ended.messages())
        .isEqualTo("--phase: there is no phase tast; the pipeline has chat, taste\n");
    assertThat(polyphase("preview", yaml, "-n", "-1").messages())
        .isEqualTo("-n is -1; give the number of rows, or 0 for all\n");
  }

  @Test
  void bracketsEncloseWhatCarriesLossWithTheTokenThatEndsTheTurn() {
    Polyphase.Ended ended = polyphase("preview", yaml);

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results())
        .contains(
            """
            <|im_start|>assistant↵
            ⟦é↵
            1<|im_end|>⟧↵
            <|im_start|>user↵
            r<|im_end|>↵
            <|im_start|>assistant↵
            ⟦t<|im_end|>⟧↵
            """,
            "chats.jsonl:4 (chat, chats): 23 tokens, 2 carry loss\n",
            "pairs.jsonl:1, chosen (taste, pairs): 4 tokens, 4 carry loss\n⟦yes<|im_end|>⟧\n",
            "pairs.jsonl:1, rejected (taste, pairs): 3 tokens, 3 carry loss\n⟦no<|im_end|>⟧\n")
        .doesNotContain("\u001b", "loss:");
  }

  @Test
  void numbersOfTokensAreShownWhereTheyAreAskedFor() {
    Polyphase.Ended ended = polyphase("preview", yaml, "--phase", "taste", "--ids");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results())
        .contains("  no loss: 257 117 115 101 114 10 83 97 121 258 10 257 ")
        .contains("\n  loss:    121 101 115 258\n", "\n  loss:    110 111 258\n");
  }

  @Test
  void thePageRunsNothingThatARowSays() {
    Polyphase.Ended ended = polyphase("preview", yaml, "--html");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results())
        .startsWith("<!DOCTYPE html>")
        .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
        .contains("<span class=\"y\">no&lt;|im_end|&gt;</span>")
        .doesNotContain("<script");
  }

  @Test
  void nothingIsWrittenBesideThePipeline() throws IOException {
    String runs = folder.resolve("runs").toString();
    for (String form : List.of("--json", "--html", "--ids")) {
      Polyphase.Ended ended = polyphase("preview", yaml, "--set", "output_dir=" + runs, form);
      assertThat(ended.exitCode()).as(ended.messages()).isZero();
    }

    try (Stream<Path> left = Files.list(folder)) {
      assertThat(left.map(path -> path.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "tiny-qwen2", "chats.jsonl", "pairs.jsonl", "seen.yaml", "home");
    }
  }

  private List<JsonNode> rows(String... options) {
    Polyphase.Ended ended =
        polyphase(
            Stream.concat(Stream.of("preview", yaml, "--json"), Stream.of(options))
                .toArray(String[]::new));
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    return ended.results().lines().map(Polyphase::parse).toList();
  }

  private Polyphase.Ended polyphase(String... args) {
    return Polyphase.execute(Map.of("POLYPHASE_HOME", folder.resolve("home").toString()), args);
  }

  private static List<Integer> numbers(JsonNode row, String key) {
    List<Integer> numbers = new ArrayList<>();
    row.path(key).forEach(number -> numbers.add(number.intValue()));
    return numbers;
  }
}
