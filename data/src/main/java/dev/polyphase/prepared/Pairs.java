package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Pair;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Fingerprint;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.RandomAccess;

/**
 * The pairs of datasets as they fit into a phase's sequences, ready to train on. Tokens are read
 * when a pair is asked for.
 */
public final class Pairs {
  private final RowSource<Pair> source;
  private final List<Part> parts;
  private final List<DataCounts> counts;
  private final BitSet learned;

  /**
   * What is kept of a pair.
   *
   * @param row its number in the source
   * @param promptFrom the first token of its prompt that is kept
   * @param promptTokens how many tokens of its prompt are
   * @param chosenTokens how many of the preferred completion
   * @param rejectedTokens how many of the other one
   * @param cut whether some tokens are not
   * @param equal whether its completions are equal as they are kept
   * @param equalAfterCut whether they differ in the files then
   */
  record Part(
      int row,
      int promptFrom,
      int promptTokens,
      int chosenTokens,
      int rejectedTokens,
      boolean cut,
      boolean equal,
      boolean equalAfterCut) {

    /** The tokens of its two rows; the prompt is in both. */
    int tokens() {
      return 2 * promptTokens + chosenTokens + rejectedTokens;
    }

    /** Counts it. */
    void countIn(Tally tally, boolean seam) {
      tally.kept(cut, seam);
      tally.piece(tokens());
      if (equal) {
        tally.equal(equalAfterCut);
      }
    }
  }

  Pairs(RowSource<Pair> source, List<Part> parts, List<DataCounts> counts) {
    this.source = source;
    this.parts = parts;
    this.counts = List.copyOf(counts);
    this.learned = source.learned();
  }

  /** Pairs of which each was kept. */
  private static Pairs kept(RowSource<Pair> source, List<Part> parts) {
    List<Tally> tallies = source.names().stream().map(name -> new Tally(Map.of())).toList();
    for (Part part : parts) {
      part.countIn(tallies.get(source.datasetOf(part.row())), source.seamIn(part.row()));
    }
    return new Pairs(source, parts, tallies.stream().map(Tally::counts).toList());
  }

  /** Pairs that are all kept as they are. */
  public static Pairs of(List<Pair> rows, List<Place> places) {
    List<Part> whole = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      Pair pair = rows.get(row);
      whole.add(
          new Part(
              row,
              0,
              pair.prompt().length,
              pair.chosen().length,
              pair.rejected().length,
              false,
              pair.equal(),
              false));
    }
    return kept(RowsInMemory.ofPairs(rows, places), whole);
  }

  /** The pairs, at least one, in the order of the files. */
  public List<Pair> rows() {
    return new Rows();
  }

  /** The tokens of each pair's two rows. */
  public int[] tokensOfRow() {
    return parts.stream().mapToInt(Part::tokens).toArray();
  }

  /** The tokens of the longer row of a pair. */
  public int longerRow(int row) {
    Part part = parts.get(row);
    return part.promptTokens() + Math.max(part.chosenTokens(), part.rejectedTokens());
  }

  /** Whether a pair is there in part. */
  public boolean isPart(int row) {
    return parts.get(row).cut();
  }

  /** Where a pair was read. */
  public Place place(int row) {
    return source.place(parts.get(row).row());
  }

  /** Which of {@link #names()} a pair belongs to. */
  public int datasetOf(int row) {
    return source.datasetOf(parts.get(row).row());
  }

  /** The datasets, as metrics call them. */
  public List<String> names() {
    return source.names();
  }

  /** Tells a pair's content in the files from others; equal pairs have equal ones. */
  public long hashOf(int row) {
    return source.hashOf(parts.get(row).row());
  }

  /** What became of the pairs of the files; a pair is a row. */
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
    for (Part part : parts) {
      long hash = source.hashOf(part.row());
      fingerprint.add(
          (int) hash,
          (int) (hash >>> Integer.SIZE),
          part.promptFrom(),
          part.chosenTokens(),
          part.rejectedTokens());
    }
    return fingerprint.text();
  }

  /** Whether a token may be in a preferred completion; where not, it is in none. */
  public boolean mayLearn(int id) {
    return learned.get(id);
  }

  /**
   * Some of them, counted without what was left out.
   *
   * @param chosen which, ascending
   */
  public Pairs of(int[] chosen) {
    return kept(source, Arrays.stream(chosen).mapToObj(parts::get).toList());
  }

  /** The pairs, read as they are asked for. */
  private final class Rows extends AbstractList<Pair> implements RandomAccess {
    @Override
    public Pair get(int row) {
      Part part = parts.get(row);
      return source
          .row(part.row())
          .part(part.promptFrom(), part.chosenTokens(), part.rejectedTokens());
    }

    @Override
    public int size() {
      return parts.size();
    }
  }
}
