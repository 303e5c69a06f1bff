package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Judged;
import dev.polyphase.pipelines.problems.Place;
import java.util.ArrayList;
import java.util.List;

/** The judged completions of datasets as they fit into a phase's sequences, ready to train on. */
public final class JudgedRows extends FittedRows<Judged, JudgedRows.Part> {

  /**
   * What is kept of a row.
   *
   * @param row its number in the source
   * @param promptFrom the first token of its prompt that is kept
   * @param promptTokens how many tokens of its prompt are
   * @param completionTokens how many of its completion
   * @param desirable whether that is wanted
   * @param cut whether some tokens are not kept
   */
  record Part(
      int row,
      int promptFrom,
      int promptTokens,
      int completionTokens,
      boolean desirable,
      boolean cut)
      implements FittedRows.Part<Judged> {

    @Override
    public int tokens() {
      return promptTokens + completionTokens;
    }

    @Override
    public Judged of(Judged whole) {
      return whole.part(promptFrom, completionTokens);
    }

    @Override
    public int[] bounds() {
      return new int[] {promptFrom, completionTokens};
    }

    @Override
    public void countIn(Tally tally) {
      tally.judged(desirable);
    }
  }

  JudgedRows(RowSource<Judged> source, List<Part> parts, List<DataCounts> counts) {
    super(source, parts, counts);
  }

  /** Rows that are all kept as they are. */
  public static JudgedRows of(List<Judged> rows, List<Place> places) {
    List<Part> whole = new ArrayList<>();
    for (int row = 0; row < rows.size(); row++) {
      Judged judged = rows.get(row);
      whole.add(
          new Part(
              row,
              0,
              judged.prompt().length,
              judged.completion().length,
              judged.desirable(),
              false));
    }
    RowSource<Judged> source = RowsInMemory.ofJudged(rows, places);
    return new JudgedRows(source, whole, kept(source, whole));
  }

  /**
   * Some of them, counted without what was left out.
   *
   * @param chosen which, ascending
   */
  public JudgedRows of(int[] chosen) {
    List<Part> some = parts(chosen);
    return new JudgedRows(source(), some, kept(source(), some));
  }

  /** The tokens of a row. */
  public int tokens(int row) {
    return part(row).tokens();
  }

  /** Whether the completion of a row is wanted. */
  public boolean isDesirable(int row) {
    return part(row).desirable();
  }
}
