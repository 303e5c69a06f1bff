package dev.polyphase.prepared;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Judged;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JudgedRowsTest {
  private static final int VOCAB = 272;

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
  void completionsAreCutAtTheEndAndRowsWithoutRoomLeftOut() throws IOException {
    JudgedRows read =
        read(
            4,
            ExcessLength.TRUNCATE,
            row("[1,2]", "[3,4,5]", true),
            row("[1,2]", "[3,4]", false),
            row("[1,2,3,4]", "[5]", false),
            // Nothing stands before this token to predict it from.
            row("[]", "[5]", true),
            row("[]", "[5,6]", true));
    assertThat(shown(read)).containsExactly("[1, 2] [3, 4] +", "[1, 2] [3, 4] -", "[] [5, 6] +");
    assertThat(read.counts())
        .isEqualTo(new DataCounts(5, 3, 1, 1, 1, Map.of(), 0, 0, 0, 3, 4 + 4 + 2, 0, 0, 2, 1));
    assertThat(read.tokensOfRow()).containsExactly(4, 4, 2);
    assertThat(IntStream.range(0, 3).map(row -> read.place(row).line())).containsExactly(1, 2, 5);
    assertThat(IntStream.range(0, 3).mapToObj(read::isPart)).containsExactly(true, false, false);
    assertThat(IntStream.range(0, 3).mapToObj(read::isDesirable))
        .containsExactly(true, false, true);

    JudgedRows some = read.of(new int[] {1, 2});
    assertThat(shown(some)).containsExactly("[1, 2] [3, 4] -", "[] [5, 6] +");
    assertThat(some.counts())
        .isEqualTo(new DataCounts(2, 2, 0, 0, 0, Map.of(), 0, 0, 0, 2, 6, 0, 0, 1, 1));
    assertThat(some.fingerprint()).isNotEqualTo(read.fingerprint());
  }

  @Test
  void promptsLoseTheirBeginningFirst() throws IOException {
    assertThat(
            shown(
                read(
                    4,
                    ExcessLength.TRUNCATE_START,
                    row("[1,2,3]", "[4,5,6]", true),
                    row("[1]", "[2,3,4,5,6,7]", true),
                    row("[1,2]", "[3,4]", false))))
        .containsExactly("[3] [4, 5, 6] +", "[] [2, 3, 4, 5] +", "[1, 2] [3, 4] -");
  }

  @Test
  void longerRowsMayBeLeftOut() throws IOException {
    JudgedRows read =
        read(4, ExcessLength.DROP, row("[1,2]", "[3,4,5]", true), row("[1,2]", "[3,4]", false));
    assertThat(shown(read)).containsExactly("[1, 2] [3, 4] -");
    assertThat(read.counts().dropped()).isEqualTo(1);
  }

  @Test
  void dataOfWhichNoRowIsLeftIsRefused() {
    assertThat(
            catchThrowableOfType(
                InputException.class,
                () -> read(4, ExcessLength.TRUNCATE, row("[1,2,3,4,5]", "[6]", true))))
        .hasMessage(
            "datasets: none of the 1 rows has a completion within the first 4 tokens"
                + " (sequence_len): 1 are longer than that, and 0 have a completion without loss at"
                + " any length");
  }

  /** Of a file of pairs both completions are there, each with the pair's place. */
  @Test
  void bothCompletionsOfAPairAreRows() throws IOException {
    JudgedRows read =
        read(
            9,
            ExcessLength.TRUNCATE,
            "{\"prompt_input_ids\":[1],\"chosen_input_ids\":[2],\"rejected_input_ids\":[3]}",
            "{\"prompt_input_ids\":[4],\"chosen_input_ids\":[5],\"rejected_input_ids\":[6]}");
    assertThat(shown(read)).containsExactly("[1] [2] +", "[1] [3] -", "[4] [5] +", "[4] [6] -");
    assertThat(IntStream.range(0, 4).map(row -> read.place(row).line()))
        .containsExactly(1, 1, 2, 2);
    assertThat(List.of(read.counts().desirable(), read.counts().undesirable()))
        .containsExactly(2L, 2L);
    assertThat(read.mayLearn(2)).isTrue();
    assertThat(read.mayLearn(3)).as("a completion that is not wanted").isFalse();
  }

  @Test
  void theSameCompletionJudgedOtherwiseIsAnotherRow() {
    JudgedRows rows =
        JudgedRows.of(
            List.of(
                new Judged(new int[] {1}, new int[] {2}, true),
                new Judged(new int[] {1}, new int[] {2}, false),
                new Judged(new int[] {1}, new int[] {2}, true)),
            List.of());
    assertThat(rows.hashOf(0)).isEqualTo(rows.hashOf(2)).isNotEqualTo(rows.hashOf(1));
    assertThat(rows.of(new int[] {0}).fingerprint())
        .isEqualTo(rows.of(new int[] {2}).fingerprint())
        .isNotEqualTo(rows.of(new int[] {1}).fingerprint());
  }

  @Test
  void rowsThatAreWrongAreNamed() {
    String file = temp.resolve("judged.jsonl").toString();
    assertThat(
            catchThrowableOfType(
                    InputException.class,
                    () ->
                        read(
                            8,
                            ExcessLength.TRUNCATE,
                            row("[1]", "[2]", true),
                            row("[1]", "[272]", true),
                            "{\"prompt_input_ids\":[1],\"completion_input_ids\":[2]}"))
                .problems())
        .extracting(Object::toString)
        .satisfiesExactly(
            p -> assertThat(p).startsWith(file + ":2: completion_input_ids[0] is 272, and must be"),
            p -> assertThat(p).startsWith(file + ":3: \"label\" is missing"),
            p -> assertThat(p).contains("2 of the 3 rows of judged.jsonl are wrong"));
  }

  private JudgedRows read(int sequenceLen, ExcessLength excessLength, String... rows)
      throws IOException {
    Files.writeString(temp.resolve("judged.jsonl"), String.join("\n", rows));
    return TemporaryRows.judged(
        new JudgedFitting(sequenceLen, excessLength),
        VOCAB,
        tokenizer,
        temp,
        new Dataset("judged.jsonl", RowType.AUTO, 1));
  }

  private static List<String> shown(JudgedRows rows) {
    return rows.rows().stream()
        .map(
            row ->
                "%s %s %s"
                    .formatted(
                        Arrays.toString(row.prompt()),
                        Arrays.toString(row.completion()),
                        row.desirable() ? "+" : "-"))
        .toList();
  }

  private static String row(String prompt, String completion, boolean label) {
    return "{\"prompt_input_ids\":%s,\"completion_input_ids\":%s,\"label\":%s}"
        .formatted(prompt, completion, label);
  }
}
