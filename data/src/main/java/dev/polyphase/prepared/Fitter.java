package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;
import java.util.ArrayList;
import java.util.List;

/**
 * Gathers what of prompts with completions fits into a phase's sequences, and counts what becomes
 * of each row.
 *
 * @param <T> what a row is
 * @param <P> what is kept of one
 */
final class Fitter<T, P extends FittedRows.Part<T>> {
  private final PreparedRows<T> rows;
  private final boolean dropsLonger;
  private final List<P> parts = new ArrayList<>();
  private final List<Tally> tallies;

  Fitter(PreparedRows<T> rows, ExcessLength excessLength) {
    this.rows = rows;
    this.dropsLonger = excessLength == ExcessLength.DROP;
    this.tallies = rows.bad().stream().map(Tally::new).toList();
  }

  /**
   * Takes a row, unless it is to be left out.
   *
   * @param part what is left of it
   * @param hasLoss whether it carries loss at its full length
   * @param keepsLoss whether what is left of it does
   */
  void add(P part, boolean hasLoss, boolean keepsLoss) {
    Tally tally = tallies.get(rows.datasetOf(part.row()));
    if (!hasLoss) {
      tally.withoutLoss();
    } else if (!keepsLoss || (part.cut() && dropsLonger)) {
      tally.dropped();
    } else {
      FittedRows.count(part, rows, tallies);
      parts.add(part);
    }
  }

  List<P> parts() {
    return parts;
  }

  List<DataCounts> counts() {
    return tallies.stream().map(Tally::counts).toList();
  }

  /**
   * Refuses rows of which none is left.
   *
   * @param key the key that names the datasets
   * @param what what none of the rows has, as {@code pairs has completions}
   * @param sequenceLen the most tokens of a prompt and one completion
   */
  void requireAny(String key, String what, int sequenceLen) {
    if (!parts.isEmpty()) {
      return;
    }
    DataCounts all = counts().stream().reduce(DataCounts.NONE, DataCounts::plus);
    throw new InputException(
        "%s: none of the %,d %s within the first %,d tokens (sequence_len): %,d are longer than that, and %,d have a completion without loss at any length%s"
            .formatted(
                key,
                all.read(),
                what,
                sequenceLen,
                all.dropped(),
                all.withoutLoss(),
                all.badRows() == 0 ? "" : ", %,d are wrong".formatted(all.badRows())));
  }
}
