package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.prepared.Examples;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What rows and messages ask for beside what they say. */
class RowKeysTest {
  private static final int VOCAB = 272;
  private static final int EOS = 258;

  @TempDir Path temp;
  private LazyTokenizer tokenizer;

  @BeforeEach
  void openTokenizer() {
    tokenizer = new LazyTokenizer(Fixture.LLAMA.copyTo(temp));
  }

  @AfterEach
  void closeTokenizer() {
    tokenizer.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"weight\":0",
        "\"weight\":0.0",
        "\"train\":false",
        "\"training\":false",
        "\"loss\":false",
        "\"loss\":0",
        "\"weight\":0,\"train\":false"
      })
  void aTurnThatIsNotToBeLearnedCarriesNoLoss(String flag) throws IOException {
    write("plain.jsonl", twoTurns("", ""));
    write("first.jsonl", twoTurns("," + flag, ""));
    write("asked.jsonl", twoTurns("," + flag, ",\"weight\":1,\"train\":true"));
    Example plain = sft(99, "plain.jsonl").rows().get(0);
    Example first = sft(99, "first.jsonl").rows().get(0);

    // "5" and the token after it are not learned, "6" and its are.
    assertThat(plain.lossTokens()).isEqualTo(4);
    assertThat(first.lossTokens()).isEqualTo(2);
    assertThat(first.ids()).isEqualTo(plain.ids());
    assertThat(Arrays.stream(first.labels()).filter(label -> label >= 0))
        .containsExactly((int) '6', EOS);
    assertThat(sft(99, "asked.jsonl").rows().get(0).labels()).isEqualTo(first.labels());
  }

  @Test
  void refusesWhatMessagesAskForAndIsNotRead() throws IOException {
    write(
        "chat.jsonl",
        twoTurns(",\"weight\":0.5", ""),
        twoTurns(",\"train\":\"no\"", ""),
        twoTurns(",\"weight\":0,\"loss\":true", ""),
        twoTurns(",\"reasoning_content\":\"hm\"", ""),
        twoTurns(",\"thinking\":\"hm\"", ""),
        twoTurns(",\"function_call\":{\"name\":\"f\"}", ""),
        twoTurns(",\"images\":[\"x.png\"]", ""));
    assertThat(problems(PhaseType.SFT, dataset("chat.jsonl")))
        .satisfiesExactly(
            p ->
                assertThat(p)
                    .endsWith(":1: messages[1].weight is 0.5, and must be 0, 1, true or false"),
            p -> assertThat(p).contains(":2: messages[1].train is \"no\", and must be"),
            p -> assertThat(p).contains(":3: messages[1] says both weight 0 and loss true"),
            p ->
                assertThat(p)
                    .contains(
                        ":4: \"reasoning_content\" of the turn of assistant at [1] is not read"),
            p -> assertThat(p).contains(":5: \"thinking\" of the turn of assistant at [1] is not"),
            p -> assertThat(p).contains(":6: \"function_call\" of the turn of assistant at [1]"),
            p -> assertThat(p).contains(":7: \"images\" of the turn of assistant at [1] is not"));
  }

  @Test
  void refusesWhatRowsAskForAndIsNotRead() throws IOException {
    String chat = twoTurns("", "");
    String open = chat.substring(0, chat.length() - 1);
    write(
        "chat.jsonl",
        open + ",\"functions\":[{\"name\":\"f\"}]}",
        open + ",\"documents\":[{\"text\":\"d\"}]}",
        open + ",\"chat_template_kwargs\":{\"enable_thinking\":false}}",
        open + ",\"chat_template_kwargs\":7}",
        open + ",\"tools\":\"[{\\\"name\\\":\\\"f\\\"}]\"}",
        open + ",\"images\":[\"x.png\"]}");
    assertThat(problems(PhaseType.SFT, dataset("chat.jsonl")))
        .satisfiesExactly(
            p -> assertThat(p).contains(":1: \"tools\" is not read by the model's chat template"),
            p ->
                assertThat(p)
                    .contains(":2: \"documents\" is not read by the model's chat template"),
            p -> assertThat(p).contains(":3: chat_template_kwargs.enable_thinking is not read"),
            p -> assertThat(p).contains(":4: \"chat_template_kwargs\" must be an object"),
            p -> assertThat(p).contains(":5: \"tools\" is not read by the model's"),
            p -> assertThat(p).contains(":6: \"images\" holds pictures, which are not built"));

    String completion = "{\"prompt\":\"a\",\"completion\":\"b\"";
    write(
        "completions.jsonl",
        completion + "}",
        completion + ",\"system\":\"s\"}",
        completion + ",\"label\":false}",
        completion + ",\"train\":false}",
        completion + ",\"chat_template_kwargs\":{\"x\":1}}");
    assertThat(problems(PhaseType.SFT, dataset("completions.jsonl")))
        .satisfiesExactly(
            p -> assertThat(p).contains(":2: \"system\" is for a chat template"),
            p -> assertThat(p).contains(":3: \"label\" is false: this completion is not wanted"),
            p -> assertThat(p).contains(":4: \"train\" is false"),
            p -> assertThat(p).contains(":5: \"chat_template_kwargs\" is for a chat template"));

    String tokens = "{\"input_ids\":[5,6],\"labels\":[-100,6]";
    write(
        "tokens.jsonl",
        tokens + ",\"attention_mask\":[0,1]}",
        tokens + ",\"position_ids\":[0,0]}",
        tokens + ",\"loss_mask\":[0,1]}");
    assertThat(problems(PhaseType.SFT, dataset("tokens.jsonl")))
        .satisfiesExactly(
            p -> assertThat(p).contains(":1: \"attention_mask\" hides tokens"),
            p -> assertThat(p).contains(":2: \"position_ids\" packs several texts"),
            p -> assertThat(p).contains(":3: \"loss_mask\" is not read"));
  }

  @Test
  void ignoresWhatAsksForNothing() throws IOException {
    String chat = twoTurns(",\"id\":3,\"tool_call_id\":\"c\",\"score\":0.5,\"name\":null", "");
    String open = chat.substring(0, chat.length() - 1);
    write("plain.jsonl", twoTurns("", ""));
    write(
        "chat.jsonl",
        open + ",\"id\":1,\"source\":\"web\",\"score\":4.5,\"tools\":\"\"}",
        open + ",\"tools\":\"[]\",\"system\":null,\"images\":[],\"weight\":1,\"label\":\"math\"}");
    Example plain = sft(99, "plain.jsonl").rows().get(0);
    for (Example row : sft(99, "chat.jsonl").rows()) {
      assertThat(row.ids()).isEqualTo(plain.ids());
      assertThat(row.labels()).isEqualTo(plain.labels());
    }
    write(
        "tokens.jsonl",
        "{\"input_ids\":[5,6],\"labels\":[-100,6],\"attention_mask\":[1,1],\"position_ids\":[0,1],\"token_type_ids\":[0,0],\"length\":2}");
    assertThat(sft(9, "tokens.jsonl").rows()).hasSize(1);
  }

  private static String twoTurns(String first, String second) {
    return "{\"messages\":[{\"role\":\"user\",\"content\":\"2+3\"},{\"role\":\"assistant\",\"content\":\"5\""
        + first
        + "},{\"role\":\"user\",\"content\":\"+1\"},{\"role\":\"assistant\",\"content\":\"6\""
        + second
        + "}]}";
  }

  private static Dataset dataset(String path) {
    return new Dataset(path, RowType.AUTO, 1);
  }

  private Examples sft(int sequenceLen, String path) throws IOException {
    return read(PhaseType.SFT, sequenceLen, dataset(path));
  }

  private Examples read(PhaseType phase, int sequenceLen, Dataset... datasets) throws IOException {
    return TemporaryRows.examples(phase, sequenceLen, VOCAB, tokenizer, temp, datasets);
  }

  /** What is wrong, without the sentence that counts the rows. */
  private List<String> problems(PhaseType phase, Dataset... datasets) {
    return catchThrowableOfType(InputException.class, () -> read(phase, 8, datasets))
        .problems()
        .stream()
        .filter(problem -> !problem.sentence().contains(" are wrong ("))
        .map(Object::toString)
        .toList();
  }

  private void write(String name, String... rows) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, String.join("\n", rows) + "\n");
  }
}
