package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.DataCounts;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dataset.RowType;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.prepared.Examples;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValidationSplitTest {

  @ParameterizedTest
  @CsvSource({"2, 1, 0", "10, 3, 42", "1000, 999, 7", "5000, 250, -1"})
  void everyRowIsOnOneSide(int rows, int size, long seed) {
    ValidationSplit split = ValidationSplit.of(rows, size, seed);

    assertThat(split.heldOut()).hasSize(size).isSorted();
    assertThat(split.training()).hasSize(rows - size).isSorted();
    assertThat(IntStream.concat(Arrays.stream(split.training()), Arrays.stream(split.heldOut())))
        .containsExactlyInAnyOrderElementsOf(IntStream.range(0, rows).boxed().toList());
  }

  @Test
  void followsFromTheSeed() {
    int[] drawn = ValidationSplit.of(1000, 100, 42).heldOut();

    assertThat(ValidationSplit.of(1000, 100, 42).heldOut()).isEqualTo(drawn);
    assertThat(ValidationSplit.of(1000, 100, 43).heldOut()).isNotEqualTo(drawn);
    // As SplitMix64 and the shuffle, written once more in Python, draw them.
    assertThat(ValidationSplit.of(20, 4, 42).heldOut()).containsExactly(0, 1, 14, 15);
    // From everywhere: of 100 draws from 1,000 rows the mean is 500 with a deviation of 27.
    assertThat(Arrays.stream(drawn).average().getAsDouble()).isBetween(400.0, 600.0);
  }

  @Test
  void leavesSomethingOnBothSides() {
    assertThatThrownBy(() -> ValidationSplit.of(5, 5, 1))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> ValidationSplit.of(5, 0, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void equalRowsAreOnTheSameSide() {
    Random random = new Random(7);
    for (int trial = 0; trial < 300; trial++) {
      int rows = 10 + random.nextInt(40);
      int[] kinds = random.ints(rows, 0, 2 + random.nextInt(rows)).toArray();
      kinds[0] = -1; // One row at least is alone.
      int size = 1 + random.nextInt(rows - 1);

      ValidationSplit split = ValidationSplit.of(firstEqual(kinds), size, trial);

      assertThat(split.heldOut().length).isBetween(1, size);
      assertThat(split.training().length + split.heldOut().length).isEqualTo(rows);
      Set<Integer> trained =
          Arrays.stream(split.training()).mapToObj(row -> kinds[row]).collect(Collectors.toSet());
      assertThat(Arrays.stream(split.heldOut()).map(row -> kinds[row]).boxed())
          .doesNotContainAnyElementsOf(trained);
    }
  }

  /** Row 0 and 14 are among the four that this seed draws of 20, as is shown above. */
  @Test
  void rowsThatAreEqualAreDrawnTogetherWhereTheyFit() {
    int[] pair = IntStream.range(0, 20).toArray();
    pair[19] = 14;
    assertThat(ValidationSplit.of(pair, 20 - 1, 42).heldOut()).hasSize(19);
    assertThat(ValidationSplit.of(pair, 4, 42).heldOut()).hasSize(4);
    int[] many = IntStream.range(0, 20).map(row -> row < 10 ? 0 : row).toArray();
    assertThat(Arrays.stream(ValidationSplit.of(many, 4, 42).heldOut()))
        .hasSize(4)
        .allMatch(row -> row >= 10);
    // No row is alone: the fewest that are equal are held out, all of them.
    int[] twos = IntStream.range(0, 20).map(row -> row - row % 2).toArray();
    assertThat(ValidationSplit.of(twos, 1, 42).heldOut()).hasSize(2);
    assertThatThrownBy(() -> ValidationSplit.of(new int[5], 2, 1))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private static int[] firstEqual(int[] kinds) {
    return Arrays.stream(kinds)
        .map(
            kind ->
                IntStream.range(0, kinds.length)
                    .filter(row -> kinds[row] == kind)
                    .findFirst()
                    .getAsInt())
        .toArray();
  }

  /** Pieces of one row would otherwise be trained on and held out at once. */
  @Test
  void piecesOfARowStayTogether(@TempDir Path temp) throws IOException {
    // Whole, in three pieces, in two.
    Files.writeString(temp.resolve("a.jsonl"), tokens(2));
    Files.writeString(temp.resolve("b.jsonl"), tokens(12));
    Files.writeString(temp.resolve("c.jsonl"), tokens(7));
    Examples all;
    try (LazyTokenizer none = new LazyTokenizer(temp)) {
      all =
          TemporaryRows.examples(
              PhaseType.CPT,
              4,
              100,
              none,
              temp,
              Stream.of("a", "b", "c")
                  .map(name -> new Dataset(name + ".jsonl", RowType.AUTO, 1))
                  .toArray(Dataset[]::new));
    }
    assertThat(ids(all))
        .containsExactly(
            "[0, 1]",
            "[0, 1, 2, 3]",
            "[4, 5, 6, 7]",
            "[8, 9, 10, 11]",
            "[0, 1, 2, 3]",
            "[4, 5, 6]");
    assertThat(all.sources()).isEqualTo(3);
    assertThat(all.counts()).isEqualTo(new DataCounts(3, 3, 2, 0, 0, 0, 0, 6, 21));

    Examples some = all.of(new int[] {0, 2});
    assertThat(ids(some)).containsExactly("[0, 1]", "[0, 1, 2, 3]", "[4, 5, 6]");
    assertThat(some.sourceOfRow()).containsExactly(0, 1, 1);
    assertThat(IntStream.range(0, 3).map(some::datasetOf)).containsExactly(0, 2, 2);
    assertThat(some.place(2).file()).endsWith("c.jsonl");
    assertThat(some.counts()).isEqualTo(new DataCounts(2, 2, 1, 0, 0, 0, 0, 3, 9));
    assertThat(ids(all.of(new int[] {1}))).isEqualTo(ids(all).subList(1, 4));
    assertThat(ids(all.of(new int[] {0, 1, 2}))).isEqualTo(ids(all));
  }

  private static String tokens(int count) {
    return "{\"input_ids\":%s}".formatted(IntStream.range(0, count).boxed().toList());
  }

  private static List<String> ids(Examples examples) {
    return examples.rows().stream().map(row -> Arrays.toString(row.ids())).toList();
  }
}
