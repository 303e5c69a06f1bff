package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Fingerprint;
import java.util.AbstractList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;
import java.util.stream.IntStream;

/**
 * The rows of datasets as they fit into a phase's sequences, ready to train on: whole rows, and
 * parts of those that are too long. Tokens are read when a row is asked for.
 */
public final class Examples {
  private final RowSource<Example> source;
  private final Pieces pieces;
  private final List<DataCounts> counts;
  private final BitSet learned;

  /**
   * Rows of a source.
   *
   * @param pieces which parts of which rows, at least one
   * @param counts what became of all rows of each dataset
   */
  Examples(RowSource<Example> source, Pieces pieces, List<DataCounts> counts) {
    this.source = source;
    this.pieces = pieces;
    this.counts = List.copyOf(counts);
    this.learned = source.learned();
  }

  /** Rows of which each was kept. */
  private static Examples kept(RowSource<Example> source, Pieces pieces) {
    List<Tally> tallies = source.names().stream().map(name -> new Tally(Map.of())).toList();
    for (int piece = 0; piece < pieces.count(); piece++) {
      Tally tally = tallies.get(source.datasetOf(pieces.row(piece)));
      if (piece == 0 || pieces.row(piece) != pieces.row(piece - 1)) {
        tally.kept(pieces.isPart(piece), source.seamIn(pieces.row(piece)));
      }
      tally.piece(pieces.tokens(piece));
    }
    return new Examples(source, pieces, tallies.stream().map(Tally::counts).toList());
  }

  /** The rows, at least one, in the order of the files; pieces of one row follow on each other. */
  public List<Example> rows() {
    return new Rows();
  }

  /** The tokens of each row. */
  public int[] tokensOfRow() {
    return IntStream.range(0, pieces.count()).map(pieces::tokens).toArray();
  }

  /** How many tokens a row has. */
  public int tokens(int row) {
    return pieces.tokens(row);
  }

  /** Whether a row is a part of one that is too long. */
  public boolean isPart(int row) {
    return pieces.isPart(row);
  }

  /** Where each row was read. Pieces of a row have the same. */
  public Place place(int row) {
    return source.place(pieces.row(row));
  }

  /** Which of {@link #names()} a row belongs to. */
  public int datasetOf(int row) {
    return source.datasetOf(pieces.row(row));
  }

  /** The datasets, as metrics call them. */
  public List<String> names() {
    return source.names();
  }

  /** Tells a row's content in the files from others; pieces of a row have the same. */
  public long hashOf(int row) {
    return source.hashOf(pieces.row(row));
  }

  /**
   * Which row of the files each comes from, counted from 0 without those that were left out,
   * ascending: the pieces of a row that was split have one source.
   */
  public int[] sourceOfRow() {
    return pieces.sources();
  }

  /** How many rows of the files are in it. */
  public int sources() {
    int[] sources = pieces.sources();
    return sources[sources.length - 1] + 1;
  }

  /** What became of the rows of the files. */
  public DataCounts counts() {
    return counts.stream().reduce(DataCounts.NONE, DataCounts::plus);
  }

  /** The same of each of {@link #names()}. */
  public List<DataCounts> countsByDataset() {
    return counts;
  }

  /** Tells them, in their order, from others. */
  public String fingerprint() {
    Fingerprint fingerprint = new Fingerprint();
    for (int row = 0; row < pieces.count(); row++) {
      long hash = source.hashOf(pieces.row(row));
      fingerprint.add((int) hash, (int) (hash >>> Integer.SIZE), pieces.from(row), pieces.to(row));
    }
    return fingerprint.text();
  }

  /** Whether a token may carry loss in a row; where not, it does in none. */
  public boolean mayLearn(int id) {
    return learned.get(id);
  }

  /**
   * Some of them, in the same order, counted without what was not kept.
   *
   * @param sources the rows of the files to take, at least one
   */
  public Examples of(int[] sources) {
    return kept(source, pieces.of(sources));
  }

  /** The rows, read as they are asked for. */
  private final class Rows extends AbstractList<Example> implements RandomAccess {
    @Override
    public Example get(int row) {
      Example whole = source.row(pieces.row(row));
      return whole.part(pieces.from(row), pieces.to(row));
    }

    @Override
    public int size() {
      return pieces.count();
    }
  }
}
