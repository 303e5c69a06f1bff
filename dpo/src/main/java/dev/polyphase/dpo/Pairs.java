package dev.polyphase.dpo;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.RowHash;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Fingerprint;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;

/**
 * The pairs of datasets, ready to train on.
 *
 * @param rows at least one, in the order of the files; not copied
 * @param places where each of them was read; not copied
 * @param datasets which dataset each is of, from 0; not copied
 * @param names what metrics call the datasets
 * @param cut which of them lack tokens that they have in the files; not copied
 * @param equalAfterCut which of them have equal completions that differ in the files; not copied
 * @param read how many pairs the files have
 * @param dropped how many of them were left out since nothing that carries loss fits
 * @param withoutLoss how many have a completion that carries no loss at any length
 */
public record Pairs(
    List<Pair> rows,
    List<Place> places,
    List<Integer> datasets,
    List<String> names,
    BitSet cut,
    BitSet equalAfterCut,
    long read,
    long dropped,
    long withoutLoss) {

  /** Pairs of one dataset that were all kept as they are in the files. */
  public Pairs(List<Pair> rows, List<Place> places) {
    this(
        rows,
        places,
        Collections.nCopies(rows.size(), 0),
        List.of("pairs"),
        new BitSet(),
        new BitSet(),
        rows.size(),
        0,
        0);
  }

  /** Which of {@link #names()} a pair is of. */
  public int datasetOf(int row) {
    return datasets.get(row);
  }

  /** 64 bits of a pair's tokens. */
  public long hashOf(int row) {
    return RowHash.of(contentOf(row));
  }

  /** What tells a pair from others. */
  List<int[]> contentOf(int row) {
    Pair pair = rows.get(row);
    return List.of(pair.prompt(), pair.chosen(), pair.rejected());
  }

  /** What became of those in the files; a pair is a row, its tokens are {@link Pair#tokens()}. */
  public DataCounts counts() {
    return new DataCounts(
        read,
        rows.size(),
        cut.cardinality(),
        dropped,
        withoutLoss,
        rows.stream().filter(Pair::equal).count(),
        equalAfterCut.cardinality(),
        rows.size(),
        rows.stream().mapToLong(Pair::tokens).sum(),
        0,
        0);
  }

  /** Tells them, in their order, from others. */
  String fingerprint() {
    Fingerprint fingerprint = new Fingerprint();
    rows.forEach(pair -> fingerprint.add(pair.prompt()).add(pair.chosen()).add(pair.rejected()));
    return fingerprint.text();
  }

  /**
   * Some of them, counted without what was left out.
   *
   * @param chosen which, ascending
   */
  Pairs of(int[] chosen) {
    return new Pairs(
        Arrays.stream(chosen).mapToObj(rows::get).toList(),
        Arrays.stream(chosen).mapToObj(places::get).toList(),
        Arrays.stream(chosen).mapToObj(datasets::get).toList(),
        names,
        among(chosen, cut),
        among(chosen, equalAfterCut),
        chosen.length,
        0,
        0);
  }

  private static BitSet among(int[] chosen, BitSet marked) {
    BitSet some = new BitSet();
    for (int i = 0; i < chosen.length; i++) {
      some.set(i, marked.get(chosen[i]));
    }
    return some;
  }
}
