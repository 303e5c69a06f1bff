package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Pair;
import dev.polyphase.pipelines.problems.Place;
import java.util.ArrayList;
import java.util.List;

/** The pairs of datasets as they fit into a phase's sequences, ready to train on. */
public final class Pairs extends FittedRows<Pair, Pairs.Part> {

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
      boolean equalAfterCut)
      implements FittedRows.Part<Pair> {

    /** The tokens of its two rows; the prompt is in both. */
    @Override
    public int tokens() {
      return 2 * promptTokens + chosenTokens + rejectedTokens;
    }

    @Override
    public Pair of(Pair whole) {
      return whole.part(promptFrom, chosenTokens, rejectedTokens);
    }

    @Override
    public int[] bounds() {
      return new int[] {promptFrom, chosenTokens, rejectedTokens};
    }

    @Override
    public void countIn(Tally tally) {
      if (equal) {
        tally.equal(equalAfterCut);
      }
    }
  }

  Pairs(RowSource<Pair> source, List<Part> parts, List<DataCounts> counts) {
    super(source, parts, counts);
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
    RowSource<Pair> source = RowsInMemory.ofPairs(rows, places);
    return new Pairs(source, whole, kept(source, whole));
  }

  /**
   * Some of them, counted without what was left out.
   *
   * @param chosen which, ascending
   */
  public Pairs of(int[] chosen) {
    List<Part> some = parts(chosen);
    return new Pairs(source(), some, kept(source(), some));
  }

  /** The tokens of a pair's prompt. */
  public int promptTokens(int row) {
    return part(row).promptTokens();
  }

  /** The tokens of a pair's prompt and its preferred completion. */
  public int chosenRow(int row) {
    return part(row).promptTokens() + part(row).chosenTokens();
  }

  /** The tokens of a pair's prompt and its other completion. */
  public int rejectedRow(int row) {
    return part(row).promptTokens() + part(row).rejectedTokens();
  }
}
