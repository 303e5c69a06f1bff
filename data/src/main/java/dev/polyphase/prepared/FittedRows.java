package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Fingerprint;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;

/**
 * Prompts with completions as they fit into a phase's sequences, ready to train on. Tokens are read
 * when a row is asked for.
 *
 * @param <T> what a row is
 * @param <P> what is kept of one
 */
public abstract sealed class FittedRows<T, P extends FittedRows.Part<T>> permits Pairs, JudgedRows {
  private final RowSource<T> source;
  private final List<P> parts;
  private final List<DataCounts> counts;
  private final BitSet learned;

  /**
   * What is kept of a row.
   *
   * @param <T> what a row is
   */
  interface Part<T> {

    /** Its number in the source. */
    int row();

    /** Whether some of its tokens are not kept. */
    boolean cut();

    /** How many tokens are. */
    int tokens();

    /** What they are of the whole row. */
    T of(T whole);

    /** What tells it from other parts of the same row. */
    int[] bounds();

    /** Counts what is known of rows of this kind alone. */
    void countIn(Tally tally);
  }

  FittedRows(RowSource<T> source, List<P> parts, List<DataCounts> counts) {
    this.source = source;
    this.parts = List.copyOf(parts);
    this.counts = List.copyOf(counts);
    this.learned = source.learned();
  }

  /** The counts of rows of which each was kept. */
  static <T> List<DataCounts> kept(RowSource<T> source, List<? extends Part<T>> parts) {
    List<Tally> tallies = source.names().stream().map(name -> new Tally(Map.of())).toList();
    for (Part<T> part : parts) {
      count(part, source, tallies);
    }
    return tallies.stream().map(Tally::counts).toList();
  }

  /** Counts a part that is kept with those of its dataset. */
  static <T> void count(Part<T> part, RowSource<T> source, List<Tally> tallies) {
    Tally tally = tallies.get(source.datasetOf(part.row()));
    tally.kept(part.cut(), source.seamIn(part.row()));
    tally.piece(part.tokens());
    part.countIn(tally);
  }

  /** Where the rows are read. */
  final RowSource<T> source() {
    return source;
  }

  /** What is kept of a row. */
  final P part(int row) {
    return parts.get(row);
  }

  /** What is kept of some of them. */
  final List<P> parts(int[] rows) {
    return Arrays.stream(rows).mapToObj(parts::get).toList();
  }

  /** The rows, at least one, in the order of the files. */
  public final List<T> rows() {
    return new Rows();
  }

  /** The tokens of each row; of a pair the prompt counts twice. */
  public final int[] tokensOfRow() {
    return parts.stream().mapToInt(Part::tokens).toArray();
  }

  /** Whether a row is there in part. */
  public final boolean isPart(int row) {
    return part(row).cut();
  }

  /** Where a row was read. */
  public final Place place(int row) {
    return source.place(part(row).row());
  }

  /** Which of {@link #names()} a row belongs to. */
  public final int datasetOf(int row) {
    return source.datasetOf(part(row).row());
  }

  /** The datasets, as metrics call them. */
  public final List<String> names() {
    return source.names();
  }

  /** Tells a row's content in the files from others; equal rows have equal ones. */
  public final long hashOf(int row) {
    return source.hashOf(part(row).row());
  }

  /** What became of the rows of the files. */
  public final DataCounts counts() {
    return counts.stream().reduce(DataCounts.NONE, DataCounts::plus);
  }

  /** The same of each of {@link #names()}. */
  public final List<DataCounts> countsByDataset() {
    return counts;
  }

  /** Tells them, in their order, from others. */
  public final String fingerprint() {
    Fingerprint fingerprint = new Fingerprint();
    for (P part : parts) {
      long hash = source.hashOf(part.row());
      int[] bounds = part.bounds();
      int[] numbers = new int[2 + bounds.length];
      numbers[0] = (int) hash;
      numbers[1] = (int) (hash >>> Integer.SIZE);
      System.arraycopy(bounds, 0, numbers, 2, bounds.length);
      fingerprint.add(numbers);
    }
    return fingerprint.text();
  }

  /**
   * Whether a token may be in a completion that is preferred or wanted; where not, it is in none.
   */
  public final boolean mayLearn(int id) {
    return learned.get(id);
  }

  /** The rows, read as they are asked for. */
  private final class Rows extends AbstractList<T> implements RandomAccess {
    @Override
    public T get(int row) {
      P part = part(row);
      return part.of(source.row(part.row()));
    }

    @Override
    public int size() {
      return parts.size();
    }
  }
}
