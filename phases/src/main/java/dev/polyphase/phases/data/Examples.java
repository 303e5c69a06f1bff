package dev.polyphase.phases.data;

import dev.polyphase.pipelines.problems.Place;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The rows of datasets, ready to train on.
 *
 * @param rows at least one, in the order of the files; not copied
 * @param sourceOfRow which row of the files each comes from, counted from 0 without those that were
 *     left out, ascending: the pieces of a row that was split have one source; not copied
 * @param places where each of them was read; not copied. Pieces of a row have the same
 * @param counts how they came about
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record Examples(
    List<Example> rows, int[] sourceOfRow, List<Place> places, DataCounts counts) {

  /** How many rows of the files are in it. */
  public int sources() {
    return sourceOfRow[sourceOfRow.length - 1] + 1;
  }

  /**
   * Some of them, in the same order. The rows that were cut or left out stay those of all.
   *
   * @param sources the rows of the files to take, at least one
   */
  public Examples of(int[] sources) {
    BitSet taken = new BitSet();
    for (int source : sources) {
      taken.set(source);
    }
    List<Example> some = new ArrayList<>();
    List<Place> placesOfSome = new ArrayList<>();
    IntStream.Builder newSources = IntStream.builder();
    int source = -1;
    int before = -1;
    long tokens = 0;
    for (int row = 0; row < rows.size(); row++) {
      if (taken.get(sourceOfRow[row])) {
        some.add(rows.get(row));
        placesOfSome.add(places.get(row));
        source += sourceOfRow[row] == before ? 0 : 1;
        before = sourceOfRow[row];
        newSources.add(source);
        tokens += rows.get(row).tokens();
      }
    }
    return new Examples(
        some,
        newSources.build().toArray(),
        placesOfSome,
        new DataCounts(some.size(), tokens, counts.cutRows(), counts.droppedRows()));
  }
}
