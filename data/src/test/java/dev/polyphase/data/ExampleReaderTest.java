package dev.polyphase.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.Examples;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExampleReaderTest {
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

  @Test
  void takesTokensAsTheyAre() throws IOException {
    write("a.jsonl", "{\"input_ids\":[5,0,271],\"labels\":[-100,0,7],\"id\":\"extra\"}");
    Example row = sft(8, "a.jsonl").rows().get(0);
    assertThat(row.ids()).containsExactly(5, 0, 271);
    assertThat(row.labels()).containsExactly(-100, 0, 7);
  }

  @Test
  void textCarriesLossEverywhere() throws IOException {
    write("a.jsonl", "{\"text\":\"ab\"}");
    for (PhaseType phase : List.of(PhaseType.CPT, PhaseType.SFT)) {
      Example row = read(phase, 8, dataset("a.jsonl")).rows().get(0);
      assertThat(row.ids()).containsExactly('a', 'b', EOS);
      assertThat(row.labels()).containsExactly('a', 'b', EOS);
    }
  }

  @Test
  void completionsCarryLossWithTheirEnd() throws IOException {
    write("a.jsonl", "{\"prompt\":\"Q:\",\"completion\":\"A\"}");
    Example row = sft(8, "a.jsonl").rows().get(0);
    assertThat(row.ids()).containsExactly('Q', ':', 'A', EOS);
    assertThat(row.labels()).containsExactly(-100, -100, 'A', EOS);
    assertThat(row.lossTokens()).isEqualTo(2);
  }

  @Test
  void cptTakesTokensWithoutLabels() throws IOException {
    write("a.jsonl", "{\"input_ids\":[1,2,3]}");
    assertThat(read(PhaseType.CPT, 8, dataset("a.jsonl")).rows().get(0).labels())
        .containsExactly(1, 2, 3);
  }

  @Test
  void keepsTheOrderOfDatasetsFilesAndRows() throws IOException {
    write("z.jsonl", tokens(1), tokens(2));
    write("d/b.jsonl", tokens(4));
    write("d/a.jsonl", tokens(3));
    Examples read = read(PhaseType.SFT, 8, dataset("z.jsonl"), dataset("d/*.jsonl"));
    assertThat(read.rows()).extracting(row -> row.ids()[0]).containsExactly(1, 2, 3, 4);
    assertThat(places(read))
        .extracting(place -> Path.of(place.file()).getFileName() + ":" + place.line())
        .containsExactly("z.jsonl:1", "z.jsonl:2", "a.jsonl:1", "b.jsonl:1");
    assertThat(read.counts()).isEqualTo(DataCounts.whole(4, 8));
  }

  @Test
  void cutsLongSftRowsAndCountsThem() throws IOException {
    write(
        "a.jsonl",
        "{\"input_ids\":[1,2,3,4,5],\"labels\":[-100,-100,3,4,5]}",
        // What is left carries no loss.
        "{\"input_ids\":[1,2,3,4,5],\"labels\":[-100,-100,-100,4,5]}",
        // The first label never counts.
        "{\"input_ids\":[1,2],\"labels\":[1,-100]}",
        "{\"input_ids\":[1],\"labels\":[1]}",
        "{\"input_ids\":[7,8,9],\"labels\":[-100,-100,9]}");
    Examples read = sft(3, "a.jsonl");
    assertThat(read.rows()).hasSize(2);
    assertThat(read.rows().get(0).ids()).containsExactly(1, 2, 3);
    assertThat(read.rows().get(0).labels()).containsExactly(-100, -100, 3);
    assertThat(read.rows().get(1).ids()).containsExactly(7, 8, 9);
    assertThat(places(read)).extracting(Place::line).containsExactly(1, 5);
    assertThat(read.counts()).isEqualTo(new DataCounts(5, 2, 1, 1, 2, 0, 0, 2, 6));
  }

  @Test
  void splitsLongCptRows() throws IOException {
    write("a.jsonl", "{\"text\":\"abcdefg\"}", "{\"text\":\"xy\"}");
    Examples read = read(PhaseType.CPT, 3, dataset("a.jsonl"));
    assertThat(read.rows())
        .extracting(Example::ids)
        .containsExactly(
            new int[] {'a', 'b', 'c'},
            new int[] {'d', 'e', 'f'},
            new int[] {'g', EOS},
            new int[] {'x', 'y', EOS});
    assertThat(places(read)).extracting(Place::line).containsExactly(1, 1, 1, 2);
    assertThat(read.rows()).allSatisfy(row -> assertThat(row.labels()).isEqualTo(row.ids()));
    assertThat(read.counts()).isEqualTo(new DataCounts(2, 2, 1, 0, 0, 0, 0, 4, 11));
    assertThat(read.sourceOfRow()).containsExactly(0, 0, 0, 1);
  }

  @Test
  void splitsLabelsWithTheirIds() throws IOException {
    write("a.jsonl", "{\"input_ids\":[1,2,3,4,5],\"labels\":[1,2,-100,4,-100]}");
    Examples read = read(PhaseType.CPT, 2, dataset("a.jsonl"));
    assertThat(read.rows())
        .extracting(Example::labels)
        .containsExactly(new int[] {1, 2}, new int[] {-100, 4});
  }

  @Test
  void refusesDataThatCarriesNoLoss() throws IOException {
    write("a.jsonl", "{\"input_ids\":[1,2],\"labels\":[-100,-100]}");
    assertThat(problems(PhaseType.SFT, dataset("a.jsonl")))
        .containsExactly(
            "datasets: none of the 1 rows has a token that carries loss among its first 8"
                + " (sequence_len): 0 are longer than that, and 1 have none at any length");
    write(
        "a.jsonl",
        "{\"input_ids\":[1,2],\"labels\":[-100,-100]}",
        "{\"input_ids\":[1,2,3,4,5,6,7,8,9],\"labels\":[1,-100,-100,-100,-100,-100,-100,-100,9]}",
        "{\"input_ids\":[1,2,3,4,5,6,7,8,9],\"labels\":[1,-100,-100,-100,-100,-100,-100,-100,-100]}");
    assertThat(problems(PhaseType.SFT, dataset("a.jsonl")))
        .containsExactly(
            "datasets: none of the 3 rows has a token that carries loss among its first 8"
                + " (sequence_len): 1 are longer than that, and 2 have none at any length");
  }

  @Test
  void namesEveryRowThatIsWrong() throws IOException {
    write(
        "a.jsonl",
        "{\"input_ids\":[1,2],\"labels\":[1,2]}",
        "{\"input_ids\":[1,272],\"labels\":[1,2]}",
        "{\"input_ids\":[-1,2],\"labels\":[1,2]}",
        "{\"input_ids\":[1,2,3],\"labels\":[1,2]}",
        "{\"input_ids\":[1,2],\"labels\":[1,-1]}",
        "{\"input_ids\":[1,2.0],\"labels\":[1,2]}",
        "{\"input_ids\":[1,99999999999],\"labels\":[1,2]}",
        "{\"input_ids\":\"1 2\",\"labels\":[1,2]}",
        "{\"input_ids\":[],\"labels\":[]}",
        "{\"input_ids\":[1,2]}",
        "{\"text\":\"a\"}",
        "nonsense");
    String file = temp.resolve("a.jsonl").toString();
    String range = "must be an integer from 0 to 271, the model's last token";
    assertThat(problems(PhaseType.SFT, dataset("a.jsonl")))
        .satisfiesExactly(
            p -> assertThat(p).isEqualTo(file + ":2: input_ids[1] is 272, and " + range),
            p -> assertThat(p).isEqualTo(file + ":3: input_ids[0] is -1, and " + range),
            p -> assertThat(p).startsWith(file + ":4: 3 input_ids and 2 labels;"),
            p ->
                assertThat(p)
                    .isEqualTo(
                        file + ":5: labels[1] is -1, and " + range + ", or -100 for no loss"),
            p -> assertThat(p).startsWith(file + ":6: input_ids[1] is 2.0, and "),
            p -> assertThat(p).startsWith(file + ":7: input_ids[1] is 99999999999, and "),
            p ->
                assertThat(p)
                    .endsWith(":8: \"input_ids\" must be a list of token ids, found a string"),
            p -> assertThat(p).startsWith(file + ":9: \"input_ids\" is empty"),
            p -> assertThat(p).startsWith(file + ":10: \"labels\" is missing"),
            p -> assertThat(p).startsWith(file + ":11: this row has the keys \"text\", and"),
            p -> assertThat(p).startsWith(file + ":12:1: this row is no JSON"));
  }

  @Test
  void saysOnceThatAFileHasNoKnownShape() throws IOException {
    write("a.jsonl", "{\"task\":\"a\",\"solution\":null}", "{\"task\":\"b\"}");
    assertThat(problems(PhaseType.SFT, dataset("a.jsonl")))
        .containsExactly(
            temp.resolve("a.jsonl")
                + ":1: this row has the keys \"task\", \"solution\": null, and must be"
                + " {\"input_ids\"}, {\"segments\"}, {\"prompt\", \"completion\"},"
                + " {\"instruction\", \"output\"}, {\"messages\"} or {\"text\"}; columns of"
                + " other names are named by keys as field_prompt");
    write("b.jsonl", "{\"prompt\":\"a\",\"completion\":\"b\"}");
    assertThat(problems(PhaseType.CPT, dataset("b.jsonl")))
        .singleElement()
        .asString()
        .endsWith(
            "and must be {\"input_ids\"} or {\"text\"}; {\"prompt\", \"completion\"} is for"
                + " phases of type sft");
  }

  @Test
  void aTypeDecidesWhereARowHasTwoShapes() throws IOException {
    write("a.jsonl", "{\"text\":\"x\",\"prompt\":\"Q\",\"completion\":\"A\"}");
    assertThat(problems(PhaseType.SFT, dataset("a.jsonl")))
        .containsExactly(
            temp.resolve("a.jsonl")
                + ":1: this row has the columns of several shapes, {\"prompt\", \"completion\"} or"
                + " {\"text\"}; say by the dataset's type which is meant");
    Dataset completion = new Dataset("a.jsonl", RowType.COMPLETION, 1);
    assertThat(read(PhaseType.SFT, 8, completion).rows().get(0).ids())
        .containsExactly('Q', 'A', EOS);
    Dataset text = new Dataset("a.jsonl", RowType.TEXT, 1);
    assertThat(read(PhaseType.SFT, 8, text).rows().get(0).ids()).containsExactly('x', EOS);
    assertThat(problems(PhaseType.SFT, new Dataset("a.jsonl", RowType.TOKENS, 1)))
        .singleElement()
        .asString()
        .endsWith("and must be {\"input_ids\"}; its dataset's type is tokens");
  }

  @Test
  void saysWhatIsWrongWithEachDataset() throws IOException {
    write("a.jsonl", tokens(1));
    assertThat(
            problems(
                PhaseType.SFT,
                dataset("german/*.parquet"),
                new Dataset("a.jsonl", RowType.PREFERENCE, 1)))
        .satisfiesExactly(
            p -> assertThat(p).startsWith("datasets[0].path: no file matches german/*.parquet in "),
            p -> assertThat(p).contains("a.jsonl:1: ").contains("preference"));
  }

  @Test
  void conversationsCarryLossWhereTheAssistantSpeaks() throws IOException {
    write(
        "chat.jsonl",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
            + "{\"role\":\"assistant\",\"content\":\"b\"}],\"tools\":[]}");
    write(
        "turns.jsonl",
        "{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"}],"
            + "\"completion\":[{\"role\":\"assistant\",\"content\":\"b\"}]}");
    for (Dataset dataset :
        List.of(
            dataset("chat.jsonl"),
            new Dataset("chat.jsonl", RowType.MESSAGES, 1),
            dataset("turns.jsonl"),
            new Dataset("turns.jsonl", RowType.COMPLETION, 1))) {
      Example row = read(PhaseType.SFT, 64, dataset).rows().get(0);
      // <|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n
      assertThat(row.tokens()).isEqualTo(1 + 6 + 2 + 1 + 10 + 3);
      assertThat(row.lossTokens()).isEqualTo(2);
      assertThat(row.labels()).endsWith(-100, 'b', EOS, -100);
    }
  }

  @Test
  void namesEveryConversationThatIsWrong() throws IOException {
    String good = "{\"role\":\"assistant\",\"content\":\"b\"}";
    write(
        "chat.jsonl",
        "{\"messages\":[" + good + "]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}",
        "{\"messages\":[]}",
        "{\"messages\":\"a\"}",
        "{\"messages\":[" + good + ",{\"role\":\"boss\",\"content\":\"a\"}]}",
        "{\"messages\":[" + good + ",{\"role\":\"user\",\"content\":null}]}",
        "{\"messages\":[" + good + ",{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
        "{\"messages\":[{\"role\":\"user\"}]}",
        "{\"messages\":[{\"content\":\"a\"}]}",
        "{\"messages\":[\"a\"]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83d\"}]}",
        "{\"messages\":[" + good + "],\"tools\":[{\"name\":\"f\"}]}",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"\",\"tool_calls\":[{}]}]}",
        "{\"text\":\"a\"}");
    String file = temp.resolve("chat.jsonl").toString();
    assertThat(problems(PhaseType.SFT, dataset("chat.jsonl")))
        .satisfiesExactly(
            p -> assertThat(p).startsWith(file + ":2: the conversation has no turn of the assist"),
            p -> assertThat(p).startsWith(file + ":3: \"messages\" is empty"),
            p ->
                assertThat(p)
                    .endsWith(":4: \"messages\" must be a list of messages, found a string"),
            p ->
                assertThat(p)
                    .startsWith(file + ":5: messages[1].role is \"boss\", and must be one"),
            p ->
                assertThat(p)
                    .endsWith(
                        ":6: messages[1].content must be a string, or a list of"
                            + " parts that are texts, found null"),
            p -> assertThat(p).contains(":7: \"content[0]\" of the turn of user at [1] must be"),
            p -> assertThat(p).endsWith(":8: messages[0].content is missing"),
            p -> assertThat(p).endsWith(":9: messages[0].role is missing"),
            p -> assertThat(p).contains(":10: messages[0] must be an object", "found a string"),
            p -> assertThat(p).contains(":11: messages[0].content holds half a character"),
            p -> assertThat(p).startsWith(file + ":12: \"tools\" is not read by"),
            p ->
                assertThat(p)
                    .contains(":13: \"tool_calls\" of the turn of assistant at [0] is not read"),
            p -> assertThat(p).startsWith(file + ":14: this row has the keys \"text\", and"));
    write(
        "mixed.jsonl", "{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"}],\"completion\":\"b\"}");
    assertThat(problems(PhaseType.SFT, dataset("mixed.jsonl")))
        .singleElement()
        .asString()
        .endsWith(":1: \"completion\" must be a list of messages, found a string");
  }

  @Test
  void aTemplateThatSaysNothingIsReportedOnce() throws IOException {
    Path template = temp.resolve("tiny-llama").resolve("chat_template.jinja");
    Files.writeString(template, "{{ messages | length }}");
    write(
        "chat.jsonl",
        "{\"messages\":[{\"role\":\"assistant\",\"content\":\"b\"}]}\n".repeat(30).strip());
    assertThat(problems(PhaseType.SFT, dataset("chat.jsonl")))
        .singleElement()
        .asString()
        .startsWith(template + ": the template writes nothing of what messages say");
  }

  @Test
  void asksForATokenizerOnlyForText() throws IOException {
    Path bare = Files.createDirectory(temp.resolve("bare"));
    write("tokens.jsonl", tokens(1));
    write("text.jsonl", "{\"text\":\"a\"}\n".repeat(50));
    try (LazyTokenizer none = new LazyTokenizer(bare)) {
      assertThat(
              TemporaryRows.examples(PhaseType.SFT, 8, VOCAB, none, temp, dataset("tokens.jsonl"))
                  .rows())
          .hasSize(1);
      InputException refused =
          catchThrowableOfType(
              InputException.class,
              () ->
                  TemporaryRows.examples(
                      PhaseType.SFT, 8, VOCAB, none, temp, dataset("text.jsonl")));
      assertThat(refused.problems())
          .singleElement()
          .asString()
          .startsWith(bare.resolve("tokenizer.json") + ": ");
    }
  }

  @Test
  void refusesATokenizerThatKnowsMoreThanTheModel() throws IOException {
    write("a.jsonl", "{\"text\":\"a\"}");
    InputException refused =
        catchThrowableOfType(
            InputException.class,
            () ->
                TemporaryRows.examples(PhaseType.SFT, 8, 258, tokenizer, temp, dataset("a.jsonl")));
    assertThat(refused).hasMessageContaining("a.jsonl:1: the tokenizer makes the token 258");
  }

  @Test
  void encodesAFileRowByRowForScoring() throws IOException {
    write(
        "a.jsonl",
        "{\"text\":\"abcdef\"}",
        "{\"input_ids\":[1,2],\"labels\":[-100,-100]}",
        "{\"prompt\":\"Q\",\"completion\":\"A\"}");
    List<Example> rows =
        new ExampleEncoders(PhaseType.SFT, VOCAB, tokenizer, new ChatEncoder(tokenizer))
            .encodeFile(temp.resolve("a.jsonl"));
    assertThat(rows).extracting(Example::tokens).containsExactly(7, 2, 3);
    assertThat(rows).extracting(Example::lossTokens).containsExactly(6, 0, 2);
  }

  private static Dataset dataset(String path) {
    return new Dataset(path, RowType.AUTO, 1);
  }

  private static String tokens(int first) {
    return "{\"input_ids\":[" + first + ",9],\"labels\":[-100,9]}";
  }

  private static List<Place> places(Examples read) {
    return IntStream.range(0, read.rows().size()).mapToObj(read::place).toList();
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
