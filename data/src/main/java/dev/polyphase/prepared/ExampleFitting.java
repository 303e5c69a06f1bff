package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;
import java.util.List;

/**
 * Fits rows of cpt and sft into sequences.
 *
 * @param sequenceLen the most tokens of a row
 * @param excessLength what becomes of longer ones
 */
public record ExampleFitting(int sequenceLen, ExcessLength excessLength) {

  /**
   * Fits rows.
   *
   * @param key the key that names the datasets, for messages
   * @throws InputException if none is left
   */
  public Examples of(PreparedRows<Example> rows, String key) {
    Fitted fitted = new Fitted(rows);
    for (int row = 0; row < rows.size(); row++) {
      fitted.add(row);
    }
    DataCounts all = fitted.counts().stream().reduce(DataCounts.NONE, DataCounts::plus);
    if (fitted.pieces.count() == 0) {
      throw new InputException(
          "%s: none of the %,d rows has a token that carries loss among its first %,d (sequence_len): %,d are longer than that, and %,d have none at any length%s"
              .formatted(
                  key,
                  all.read(),
                  sequenceLen,
                  all.dropped(),
                  all.withoutLoss(),
                  all.badRows() == 0 ? "" : ", %,d are wrong".formatted(all.badRows())));
    }
    return new Examples(rows, fitted.pieces.pieces(), fitted.counts());
  }

  /** What is kept, and what became of the others. */
  private final class Fitted {
    private final PreparedRows<Example> rows;
    private final Pieces.Builder pieces = new Pieces.Builder();
    private final List<Tally> tallies;

    Fitted(PreparedRows<Example> rows) {
      this.rows = rows;
      this.tallies = rows.bad().stream().map(Tally::new).toList();
    }

    List<DataCounts> counts() {
      return tallies.stream().map(Tally::counts).toList();
    }

    void add(int row) {
      RowEntry entry = rows.entry(row);
      Tally tally = tallies.get(rows.datasetOf(row));
      if (entry.c() == 0) {
        tally.withoutLoss();
        return;
      }
      int before = pieces.count();
      boolean tooLong = entry.a() > sequenceLen;
      if (tooLong) {
        shorten(row, entry);
      } else {
        pieces.add(row, 0, entry.a());
      }
      if (pieces.count() == before) {
        tally.dropped();
        return;
      }
      if (tooLong) {
        pieces.cut(row);
      }
      tally.kept(tooLong, entry.seam());
      for (int piece = before; piece < pieces.count(); piece++) {
        tally.piece(pieces.tokens(piece));
      }
    }

    private void shorten(int row, RowEntry entry) {
      int tokens = entry.a();
      switch (excessLength) {
        case TRUNCATE -> keep(row, entry, 0, sequenceLen);
        case TRUNCATE_START -> keep(row, entry, tokens - sequenceLen, tokens);
        case SPLIT -> {
          for (int start = 0; start < tokens; start += sequenceLen) {
            keep(row, entry, start, Math.min(start + sequenceLen, tokens));
          }
        }
        case DROP -> {}
      }
    }

    /** The first label of a piece never counts: the token before it is in another. */
    private void keep(int row, RowEntry entry, int from, int to) {
      // d and e are the first and the last token that carries loss.
      boolean may = entry.d() < to && entry.e() > from;
      // Where every token carries loss, all of a piece do but its first.
      boolean all = entry.c() == entry.a() - 1;
      if (may && (all ? to - from > 1 : rows.row(row).part(from, to).lossTokens() > 0)) {
        pieces.add(row, from, to);
      }
    }
  }
}
