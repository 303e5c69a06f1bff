package dev.polyphase.dpo;

import dev.polyphase.phases.data.DataCounts;
import java.util.Arrays;
import java.util.List;

/**
 * The pairs of datasets, ready to train on.
 *
 * @param rows at least one, in the order of the files; not copied
 * @param counts how they came about; a pair is a row, and its tokens are {@link Pair#tokens()}
 */
public record Pairs(List<Pair> rows, DataCounts counts) {

  /**
   * Some of them. The pairs that were cut or left out stay those of all.
   *
   * @param chosen which, ascending
   */
  Pairs of(int[] chosen) {
    List<Pair> some = Arrays.stream(chosen).mapToObj(rows::get).toList();
    long tokens = some.stream().mapToLong(Pair::tokens).sum();
    return new Pairs(
        some, new DataCounts(some.size(), tokens, counts.cutRows(), counts.droppedRows()));
  }
}
