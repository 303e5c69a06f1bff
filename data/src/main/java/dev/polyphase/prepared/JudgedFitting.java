package dev.polyphase.prepared;

import dev.polyphase.data.Judged;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;

/**
 * Fits judged completions into sequences. By {@code TRUNCATE} a completion that runs past the
 * sequence loses its end; by {@code TRUNCATE_START} the prompt loses its beginning, and where that
 * does not suffice the completion its end; by {@code DROP} the row is left out.
 *
 * @param sequenceLen the most tokens of a prompt and its completion
 * @param excessLength what becomes of longer ones
 */
public record JudgedFitting(int sequenceLen, ExcessLength excessLength) {

  public JudgedFitting {
    if (excessLength == ExcessLength.SPLIT) {
      throw new IllegalArgumentException("a judged completion can't be split");
    }
  }

  /**
   * Fits rows.
   *
   * @param key the key that names the datasets, for messages
   * @throws InputException if none is left
   */
  public JudgedRows of(PreparedRows<Judged> rows, String key) {
    Fitter<Judged, JudgedRows.Part> fitter = new Fitter<>(rows, excessLength);
    for (int row = 0; row < rows.size(); row++) {
      RowEntry entry = rows.entry(row);
      JudgedRows.Part part = part(row, entry);
      fitter.add(
          part,
          carriesLoss(entry.a(), entry.b()),
          carriesLoss(part.promptTokens(), part.completionTokens()));
    }
    fitter.requireAny(key, "rows has a completion", sequenceLen);
    return new JudgedRows(rows, fitter.parts(), fitter.counts());
  }

  private JudgedRows.Part part(int row, RowEntry entry) {
    int excess = Math.max(0, entry.a() + entry.b() - sequenceLen);
    int from = excessLength == ExcessLength.TRUNCATE_START ? Math.min(entry.a(), excess) : 0;
    int prompt = entry.a() - from;
    int completion = Math.min(Math.max(0, sequenceLen - prompt), entry.b());
    return new JudgedRows.Part(
        row, from, prompt, completion, JudgedCodec.isDesirable(entry), excess > 0);
  }

  /** The first token of all has none before it to be predicted from. */
  private static boolean carriesLoss(int prompt, int completion) {
    return completion > (prompt == 0 ? 1 : 0);
  }
}
