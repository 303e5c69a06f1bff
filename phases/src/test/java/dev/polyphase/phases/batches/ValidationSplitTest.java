package dev.polyphase.phases.batches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.data.Examples;
import dev.polyphase.pipelines.problems.Place;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
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
  void piecesOfARowStayTogether() {
    List<Example> rows = IntStream.range(0, 6).mapToObj(i -> row(i + 2)).toList();
    // Rows 0, 1 and 2 of the files: whole, in three pieces, in two.
    int[] sources = {0, 1, 1, 1, 2, 2};
    List<Place> places =
        Arrays.stream(sources).mapToObj(source -> new Place("rows.jsonl", source + 1, 1)).toList();
    BitSet cut = BitSet.valueOf(new long[] {0b110});
    Examples all =
        new Examples(rows, sources, places, sources, List.of("a", "b", "c"), cut, 8, 4, 1);

    assertThat(all.sources()).isEqualTo(3);
    Examples some = all.of(new int[] {0, 2});
    assertThat(some.rows()).containsExactly(rows.get(0), rows.get(4), rows.get(5));
    assertThat(some.sourceOfRow()).containsExactly(0, 1, 1);
    assertThat(some.places()).extracting(Place::line).containsExactly(1, 3, 3);
    assertThat(IntStream.range(0, 3).map(some::datasetOf)).containsExactly(0, 2, 2);
    assertThat(some.counts()).isEqualTo(new DataCounts(2, 2, 1, 0, 0, 0, 0, 3, 2 + 6 + 7, 0, 0));
    assertThat(all.counts()).isEqualTo(new DataCounts(8, 3, 2, 4, 1, 0, 0, 6, 27, 0, 0));
    assertThat(all.of(new int[] {1}).rows()).isEqualTo(rows.subList(1, 4));
    assertThat(all.of(new int[] {0, 1, 2}).rows()).isEqualTo(rows);
  }

  private static Example row(int tokens) {
    int[] ids = IntStream.range(0, tokens).toArray();
    return new Example(ids, ids);
  }
}
