package dev.polyphase.phases.objective;

import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.weights.Fingerprint;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.function.IntToLongFunction;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * The rows of an epoch, which are what an objective numbers: each is one of the datasets' rows, and
 * a row that is seen twice in an epoch is two of them.
 */
public final class EpochRows {
  private final List<String> names;
  private final int[] datasetOfRow;
  private final int[] tokensOfRow;
  private final int[] rows;

  /**
   * The rows that a mixture makes of the datasets' rows.
   *
   * @param names what metrics call the datasets; several may share a name
   * @param datasetOf which of them a row is of
   * @param tokensOfRow how many tokens each row has; not copied
   */
  public EpochRows(
      List<String> names, IntUnaryOperator datasetOf, int[] tokensOfRow, Mixture mixture) {
    this.names = names;
    this.datasetOfRow = IntStream.range(0, tokensOfRow.length).map(datasetOf).toArray();
    this.tokensOfRow = tokensOfRow;
    this.rows = mixture.epoch(datasetOfRow, tokensOfRow);
  }

  /** How many there are. */
  public int count() {
    return rows.length;
  }

  /** Which of the datasets' rows one of them is. */
  public int row(int index) {
    return rows[index];
  }

  /** Which of the datasets' rows some of them are, in their order. */
  public IntStream rows(int[] chosen) {
    return Arrays.stream(chosen).map(index -> rows[index]);
  }

  /** How many tokens each has. */
  public int[] tokens() {
    return Arrays.stream(rows).map(row -> tokensOfRow[row]).toArray();
  }

  /** Whether metrics tell losses apart: whether the datasets have more than one name. */
  public boolean hasChannels() {
    return new HashSet<>(names).size() > 1;
  }

  /** What metrics call the dataset of one of them. */
  public String channel(int index) {
    return names.get(datasetOfRow[rows[index]]);
  }

  /** The datasets' rows that are among them, each once, ascending. */
  public IntStream distinct() {
    BitSet there = new BitSet();
    for (int row : rows) {
      there.set(row);
    }
    return there.stream();
  }

  /** The different hashes of the rows that are among them, ascending. */
  public long[] hashes(IntToLongFunction hashOf) {
    return distinct().mapToLong(hashOf).sorted().distinct().toArray();
  }

  /**
   * Tells them, in their order, from others.
   *
   * @param ofRows tells the datasets' rows from others
   */
  public String fingerprint(String ofRows) {
    boolean eachOnce =
        rows.length == tokensOfRow.length
            && IntStream.range(0, rows.length).allMatch(index -> rows[index] == index);
    return eachOnce ? ofRows : ofRows + " mixed " + new Fingerprint().add(rows).text();
  }

  /** What they have of each dataset, in the datasets' order. */
  public List<DatasetShare> shares() {
    long[] there = new long[names.size()];
    long[] seen = new long[names.size()];
    long[] tokens = new long[names.size()];
    for (int dataset : datasetOfRow) {
      there[dataset]++;
    }
    for (int row : rows) {
      seen[datasetOfRow[row]]++;
      tokens[datasetOfRow[row]] += tokensOfRow[row];
    }
    List<DatasetShare> shares = new ArrayList<>();
    for (int i = 0; i < there.length; i++) {
      shares.add(new DatasetShare(names.get(i), there[i], seen[i], tokens[i]));
    }
    return shares;
  }
}
