package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Pair;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.prepared.Pairs;
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

class PairReaderTest {
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
    Pairs read = read(10, pair("[1,2]", "[3]", "[4,5]"));
    assertPair(read.rows().get(0), new int[] {1, 2}, new int[] {3}, new int[] {4, 5});
    assertThat(read.counts()).isEqualTo(DataCounts.whole(1, 7));
  }

  @Test
  void endsTextsOnce() throws IOException {
    Pairs read = read(10, "{\"prompt\":\"Q\",\"chosen\":\"yes\",\"rejected\":\"no<|im_end|>\"}");
    assertPair(
        read.rows().get(0),
        new int[] {'Q'},
        new int[] {'y', 'e', 's', EOS},
        new int[] {'n', 'o', EOS});
  }

  @Test
  void cutsCompletionsAtTheEndAndLeavesOutPairsWithoutRoom() throws IOException {
    Pairs read =
        read(
            4,
            pair("[1,2]", "[3,4,5]", "[6]"),
            pair("[1,2]", "[3,4]", "[6]"),
            pair("[1,2,3,4]", "[5]", "[6]"),
            pair("[1,2,3,4,5]", "[5]", "[6]"),
            // Nothing stands before these tokens to predict them from.
            pair("[]", "[5]", "[6,7]"),
            pair("[]", "[5,6]", "[6,7]"));
    assertThat(read.rows()).hasSize(3);
    assertPair(read.rows().get(0), new int[] {1, 2}, new int[] {3, 4}, new int[] {6});
    assertPair(read.rows().get(2), new int[] {}, new int[] {5, 6}, new int[] {6, 7});
    assertThat(read.counts()).isEqualTo(new DataCounts(6, 3, 1, 2, 1, 0, 0, 3, 7 + 7 + 4));
    assertThat(IntStream.range(0, read.rows().size()).map(row -> read.place(row).line()))
        .containsExactly(1, 2, 6);
  }

  @Test
  void namesEveryRowThatIsWrong() throws IOException {
    String file = temp.resolve("pairs.jsonl").toString();
    assertThat(
            problems(
                pair("[1]", "[2]", "[3]"),
                pair("[1]", "[272]", "[3]"),
                pair("[1]", "[2]", "[-100]"),
                pair("[1]", "[]", "[3]"),
                "{\"prompt_input_ids\":[1],\"chosen_input_ids\":[2]}",
                "[]"))
        .satisfiesExactly(
            p -> assertThat(p).startsWith(file + ":2: chosen_input_ids[0] is 272, and must be"),
            p -> assertThat(p).startsWith(file + ":3: rejected_input_ids[0] is -100, and must be"),
            p -> assertThat(p).startsWith(file + ":4: \"chosen_input_ids\" is empty"),
            p -> assertThat(p).startsWith(file + ":5: this row has the keys"),
            p -> assertThat(p).startsWith(file + ":6: a row must be a JSON object"));
  }

  @Test
  void readsConversationsWithAndWithoutAPromptOfTheirOwn() throws IOException {
    String user = "{\"role\":\"user\",\"content\":\"Q\"}";
    String yes = "{\"role\":\"assistant\",\"content\":\"yes\"}";
    String no = "{\"role\":\"assistant\",\"content\":\"no\"}";
    int start = 257;
    for (String row :
        List.of(
            "{\"prompt\":[" + user + "],\"chosen\":[" + yes + "],\"rejected\":[" + no + "]}",
            "{\"chosen\":[" + user + "," + yes + "],\"rejected\":[" + user + "," + no + "]}")) {
      assertPair(
          read(99, row).rows().get(0),
          new int[] {
            start, 'u', 's', 'e', 'r', '\n', 'Q', EOS, '\n', start, 'a', 's', 's', 'i', 's', 't',
            'a', 'n', 't', '\n'
          },
          new int[] {'y', 'e', 's', EOS},
          new int[] {'n', 'o', EOS});
    }
  }

  @Test
  void takesThePromptFromTheConversationsWhereItIsATextBesideThem() throws IOException {
    String conversations =
        """
        "chosen": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "yes"}],
        "rejected": [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "no"}]}
        """
            .replace("\n", "");
    Pair alone = read(99, "{" + conversations).rows().get(0);
    for (String prompt : List.of("Why?", " Why?\\n", "User: Why?\\nAssistant: ")) {
      Pair pair = read(99, "{\"prompt\": \"" + prompt + "\", " + conversations).rows().get(0);
      assertPair(pair, alone.prompt(), alone.chosen(), alone.rejected());
    }
    assertThat(problems("{\"prompt\": \"Who?\", " + conversations))
        .singleElement()
        .asString()
        .contains("\"prompt\" is a text that no message before the last of \"chosen\" says");
  }

  @Test
  void refusesWhatARowAsksForAndIsNotRead() throws IOException {
    String texts = "\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"";
    assertThat(
            problems(
                "{" + texts + "}",
                "{" + texts + ",\"system\":\"s\"}",
                "{" + texts + ",\"images\":[\"x.png\"]}",
                "{" + texts + ",\"weight\":0.5}",
                "{" + texts + ",\"tools\":[{\"name\":\"f\"}]}"))
        .satisfiesExactly(
            p -> assertThat(p).contains(":2: \"system\" is for a chat template"),
            p -> assertThat(p).contains(":3: \"images\" holds pictures, which are not built"),
            p -> assertThat(p).contains(":4: \"weight\" is 0.5, and rows are not weighted"),
            p -> assertThat(p).contains(":5: \"tools\" is for a chat template"));
    assertThat(
            read(
                    99,
                    "{"
                        + texts
                        + ",\"id\":7,\"source\":\"web\",\"score_chosen\":3.5,\"tools\":\"[]\"}")
                .rows())
        .hasSize(1);
  }

  @Test
  void refusesWrongConversationsAndOtherShapes() throws IOException {
    String user = "{\"role\":\"user\",\"content\":\"Q\"}";
    String other = "{\"role\":\"user\",\"content\":\"R\"}";
    String yes = "{\"role\":\"assistant\",\"content\":\"yes\"}";
    assertThat(
            problems(
                "{\"prompt\":[" + user + "],\"chosen\":[" + yes + "],\"rejected\":\"b\"}",
                "{\"prompt\":\"a\",\"chosen\":[" + yes + "],\"rejected\":[" + yes + "]}",
                "{\"prompt\":[" + user + "],\"chosen\":[" + yes + "],\"rejected\":[" + user + "]}",
                "{\"prompt\":["
                    + user
                    + "],\"chosen\":["
                    + yes
                    + ","
                    + user
                    + "],\"rejected\":["
                    + yes
                    + "]}"))
        .satisfiesExactly(
            p ->
                assertThat(p)
                    .endsWith(":1: \"rejected\" must be a list of messages, found a string"),
            p ->
                assertThat(p)
                    .contains(":2: \"prompt\" must be a list of messages where")
                    .endsWith("found a text"),
            p -> assertThat(p).contains(":3: a completion must begin and end with a turn of"),
            p ->
                assertThat(p)
                    .contains(":4: a completion must begin and end with", "[assistant, user]"));
    assertThat(
            problems(
                "{\"chosen\":[" + user + "," + yes + "],\"rejected\":[" + other + "," + yes + "]}",
                "{\"chosen\":[" + yes + "],\"rejected\":[" + yes + "]}",
                "{\"chosen\":\"a\",\"rejected\":\"b\"}"))
        .satisfiesExactly(
            p ->
                assertThat(p)
                    .contains(
                        ":1: \"chosen\" and \"rejected\" must be", "begin with the same turns")
                    .endsWith("found [user, assistant] and [user, assistant]"),
            p -> assertThat(p).contains(":2: \"chosen\" and \"rejected\" must be", "[assistant]"),
            p ->
                assertThat(p)
                    .contains(":3: \"chosen\" and \"rejected\" are texts, and no \"prompt\" says")
                    .contains("{\"prompt\", \"chosen\", \"rejected\"} as texts or messages"));
    assertThat(problems("{\"text\":\"a\"}"))
        .singleElement()
        .asString()
        .endsWith(
            "must be {\"prompt_input_ids\", \"chosen_input_ids\", \"rejected_input_ids\"} or"
                + " {\"chosen\", \"rejected\"}; {\"text\"} is for phases of type cpt");
  }

  @Test
  void refusesDataOfWhichNoPairIsLeft() throws IOException {
    assertThat(problems(pair("[1,2,3,4,5,6,7,8,9]", "[5]", "[6]")))
        .containsExactly(
            "datasets: none of the 1 pairs has completions within the first 8 tokens"
                + " (sequence_len): 1 are longer than that, and 0 have a completion without loss at"
                + " any length");
  }

  @Test
  void countsPairsThatSayNothing() throws IOException {
    Pairs read =
        read(
            4,
            pair("[1,2]", "[3]", "[3]"),
            pair("[1,2]", "[3,4,5]", "[3,4,6]"),
            pair("[1,2]", "[3,4,5]", "[3,4,5]"),
            pair("[1,2]", "[3,4]", "[3]"));
    assertThat(read.counts()).isEqualTo(new DataCounts(4, 4, 2, 0, 0, 3, 1, 4, 6 + 8 + 8 + 7));
    assertThat(read.of(new int[] {1, 3}).counts())
        .isEqualTo(new DataCounts(2, 2, 1, 0, 0, 1, 1, 2, 8 + 7));
  }

  private Pairs read(int sequenceLen, String... rows) throws IOException {
    Files.writeString(temp.resolve("pairs.jsonl"), String.join("\n", rows));
    return TemporaryRows.pairs(
        sequenceLen, VOCAB, tokenizer, temp, new Dataset("pairs.jsonl", RowType.AUTO, 1));
  }

  /** What is wrong, without the sentence that counts the rows. */
  private List<String> problems(String... rows) {
    return catchThrowableOfType(InputException.class, () -> read(8, rows)).problems().stream()
        .filter(problem -> !problem.sentence().contains(" are wrong ("))
        .map(Object::toString)
        .toList();
  }

  private static String pair(String prompt, String chosen, String rejected) {
    return "{\"prompt_input_ids\":%s,\"chosen_input_ids\":%s,\"rejected_input_ids\":%s}"
        .formatted(prompt, chosen, rejected);
  }

  private static void assertPair(Pair pair, int[] prompt, int[] chosen, int[] rejected) {
    assertThat(pair.prompt()).containsExactly(prompt);
    assertThat(pair.chosen()).containsExactly(chosen);
    assertThat(pair.rejected()).containsExactly(rejected);
  }
}
