package dev.polyphase.data;

import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Fingerprint;
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
 * @param datasets which dataset each is of, from 0; not copied
 * @param names what metrics call the datasets
 * @param cut which of these rows of the files were cut or split; not copied
 * @param read how many rows the files have
 * @param dropped how many of them were left out since nothing that carries loss fits
 * @param withoutLoss how many carry no loss at any length
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
public record Examples(
    List<Example> rows,
    int[] sourceOfRow,
    List<Place> places,
    int[] datasets,
    List<String> names,
    BitSet cut,
    long read,
    long dropped,
    long withoutLoss) {

  /** How many rows of the files are in it. */
  public int sources() {
    return sourceOfRow[sourceOfRow.length - 1] + 1;
  }

  /** Which of {@link #names()} a row is of. */
  public int datasetOf(int row) {
    return datasets[row];
  }

  /** 64 bits of a row's tokens and labels. */
  public long hashOf(int row) {
    return RowHash.of(List.of(rows.get(row).ids(), rows.get(row).labels()));
  }

  /** What became of the rows of the files. */
  public DataCounts counts() {
    return new DataCounts(
        read,
        sources(),
        cut.cardinality(),
        dropped,
        withoutLoss,
        0,
        0,
        rows.size(),
        rows.stream().mapToLong(Example::tokens).sum(),
        0,
        0);
  }

  /** Tells them, in their order, from others. */
  public String fingerprint() {
    Fingerprint fingerprint = new Fingerprint();
    rows.forEach(row -> fingerprint.add(row.ids()).add(row.labels()));
    return fingerprint.text();
  }

  /**
   * Some of them, in the same order, counted without what was not kept.
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
    IntStream.Builder datasetsOfSome = IntStream.builder();
    BitSet cutOfSome = new BitSet();
    IntStream.Builder newSources = IntStream.builder();
    int source = -1;
    int before = -1;
    for (int row = 0; row < rows.size(); row++) {
      if (taken.get(sourceOfRow[row])) {
        some.add(rows.get(row));
        placesOfSome.add(places.get(row));
        datasetsOfSome.add(datasets[row]);
        source += sourceOfRow[row] == before ? 0 : 1;
        before = sourceOfRow[row];
        cutOfSome.set(source, cut.get(before));
        newSources.add(source);
      }
    }
    return new Examples(
        some,
        newSources.build().toArray(),
        placesOfSome,
        datasetsOfSome.build().toArray(),
        names,
        cutOfSome,
        sources.length,
        0,
        0);
  }
}
