package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Pair;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;
import java.util.ArrayList;
import java.util.List;

/**
 * Fits pairs into sequences. By {@code TRUNCATE} a completion that runs past the sequence loses its
 * end; by {@code TRUNCATE_START} the prompt loses its beginning, as much for both completions, and
 * where that does not suffice a completion its end; by {@code DROP} the pair is left out.
 *
 * @param sequenceLen the most tokens of a prompt and one completion
 * @param excessLength what becomes of longer ones
 */
public record PairFitting(int sequenceLen, ExcessLength excessLength) {

  public PairFitting {
    if (excessLength == ExcessLength.SPLIT) {
      throw new IllegalArgumentException("a pair can't be split");
    }
  }

  /**
   * Fits pairs.
   *
   * @param key the key that names the datasets, for messages
   * @throws InputException if none is left
   */
  public Pairs of(PreparedRows<Pair> rows, String key) {
    List<Pairs.Part> parts = new ArrayList<>();
    List<Tally> tallies = rows.bad().stream().map(Tally::new).toList();
    for (int row = 0; row < rows.size(); row++) {
      RowEntry entry = rows.entry(row);
      Tally tally = tallies.get(rows.datasetOf(row));
      if (!carriesLoss(entry.a(), entry.b(), entry.c())) {
        tally.withoutLoss();
        continue;
      }
      Pairs.Part part = part(row, entry);
      boolean dropped =
          (part.cut() && excessLength == ExcessLength.DROP)
              || !carriesLoss(part.promptTokens(), part.chosenTokens(), part.rejectedTokens());
      if (dropped) {
        tally.dropped();
      } else {
        part.countIn(tally, entry.seam());
        parts.add(part);
      }
    }
    List<DataCounts> counts = tallies.stream().map(Tally::counts).toList();
    if (parts.isEmpty()) {
      DataCounts all = counts.stream().reduce(DataCounts.NONE, DataCounts::plus);
      throw new InputException(
          "%s: none of the %,d pairs has completions within the first %,d tokens (sequence_len): %,d are longer than that, and %,d have a completion without loss at any length%s"
              .formatted(
                  key,
                  all.read(),
                  sequenceLen,
                  all.dropped(),
                  all.withoutLoss(),
                  all.badRows() == 0 ? "" : ", %,d are wrong".formatted(all.badRows())));
    }
    return new Pairs(rows, parts, counts);
  }

  private Pairs.Part part(int row, RowEntry entry) {
    int longer = entry.a() + Math.max(entry.b(), entry.c());
    int from =
        excessLength == ExcessLength.TRUNCATE_START
            ? Math.min(entry.a(), Math.max(0, longer - sequenceLen))
            : 0;
    int prompt = entry.a() - from;
    int room = Math.max(0, sequenceLen - prompt);
    int chosen = Math.min(room, entry.b());
    int rejected = Math.min(room, entry.c());
    boolean cut = longer > sequenceLen;
    // d is with how many tokens both completions begin.
    boolean equal = chosen == rejected && chosen <= entry.d();
    boolean equalInFile = entry.b() == entry.c() && entry.b() == entry.d();
    return new Pairs.Part(row, from, prompt, chosen, rejected, cut, equal, equal && !equalInFile);
  }

  /** The first token of all has none before it to be predicted from. */
  private static boolean carriesLoss(int prompt, int chosen, int rejected) {
    return Math.min(chosen, rejected) > (prompt == 0 ? 1 : 0);
  }
}
