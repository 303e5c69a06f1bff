package dev.polyphase.phases.objective;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.RowHash;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.prepared.PreparedRows;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EqualRowsTest {

  /**
   * Rows for which nobody trains.
   *
   * @param hashBits how many bits of their hashes differ; with few, other rows have the same
   */
  private record Some(List<List<Integer>> rows, int hashBits) implements ReadRows {
    @Override
    public int count() {
      return rows.size();
    }

    @Override
    public DataCounts counts() {
      throw new UnsupportedOperationException();
    }

    @Override
    public Map<String, DataCounts> countsByDataset() {
      throw new UnsupportedOperationException();
    }

    @Override
    public String datasetOf(int row) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<ShownRow> shown(int row) {
      throw new UnsupportedOperationException();
    }

    @Override
    public long hashOf(int row) {
      return RowHash.of(contentOf(row)) & (hashBits == Long.SIZE ? -1 : (1L << hashBits) - 1);
    }

    @Override
    public List<int[]> contentOf(int row) {
      return List.of(rows.get(row).stream().mapToInt(Integer::intValue).toArray());
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      throw new UnsupportedOperationException();
    }
  }

  /** Where hashes agree, tokens decide. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 64})
  void rowsAreEqualWhereAllTheirTokensAre(int hashBits) {
    Random random = new Random(hashBits);
    for (int trial = 0; trial < 50; trial++) {
      List<List<Integer>> rows = rows(random, random.nextInt(60));
      List<List<Integer>> others = rows(random, 20);
      Map<List<Integer>, Integer> firsts = new HashMap<>();
      for (int row = 0; row < rows.size(); row++) {
        firsts.putIfAbsent(rows.get(row), row);
      }

      EqualRows equal = new EqualRows(new Some(rows, hashBits));

      assertThat(equal.firsts()).containsExactly(rows.stream().mapToInt(firsts::get).toArray());
      assertThat(equal.duplicates()).isEqualTo(rows.size() - new HashSet<>(rows).size());
      Some heldOut = new Some(others, hashBits);
      Set<List<Integer>> known = new HashSet<>(rows);
      for (int row = 0; row < others.size(); row++) {
        assertThat(equal.contains(heldOut, row)).isEqualTo(known.contains(others.get(row)));
      }
    }
  }

  /** Of 300,000 rows of up to three tokens, all different, no two have the same 64 bits. */
  @Test
  void hashesTellShortRowsApart() {
    Set<Long> hashes = new HashSet<>();
    int rows = 0;
    for (int a = 0; a < 64; a++) {
      hashes.add(RowHash.of(List.of(new int[] {a})));
      hashes.add(RowHash.of(List.of(new int[] {a}, new int[0])));
      hashes.add(RowHash.of(List.of(new int[0], new int[] {a})));
      rows += 3;
      for (int b = 0; b < 64; b++) {
        hashes.add(RowHash.of(List.of(new int[] {a, b})));
        hashes.add(RowHash.of(List.of(new int[] {a}, new int[] {b})));
        rows += 2;
        for (int c = 0; c < 64; c++) {
          hashes.add(RowHash.of(List.of(new int[] {a, b, c})));
          rows++;
        }
      }
    }
    assertThat(hashes).hasSize(rows);
  }

  private static List<List<Integer>> rows(Random random, int count) {
    return IntStream.range(0, count)
        .mapToObj(
            row ->
                Arrays.stream(random.ints(1 + random.nextInt(3), 0, 3).toArray()).boxed().toList())
        .toList();
  }
}
