package dev.polyphase.dpo;

import dev.polyphase.phases.data.DataCounts;
import dev.polyphase.pipelines.problems.Place;
import java.util.Arrays;
import java.util.List;

/**
 * The pairs of datasets, ready to train on.
 *
 * @param rows at least one, in the order of the files; not copied
 * @param places where each of them was read; not copied
 * @param counts how they came about; a pair is a row, and its tokens are {@link Pair#tokens()}
 */
public record Pairs(List<Pair> rows, List<Place> places, DataCounts counts) {

  /**
   * Some of them. The pairs that were cut or left out stay those of all.
   *
   * @param chosen which, ascending
   */
  Pairs of(int[] chosen) {
    List<Pair> some = Arrays.stream(chosen).mapToObj(rows::get).toList();
    List<Place> placesOfSome = Arrays.stream(chosen).mapToObj(places::get).toList();
    long tokens = some.stream().mapToLong(Pair::tokens).sum();
    return new Pairs(
        some,
        placesOfSome,
        new DataCounts(some.size(), tokens, counts.cutRows(), counts.droppedRows()));
  }
}
