package dev.polyphase.prepared;

import dev.polyphase.data.Pair;
import dev.polyphase.pipelines.Rows.ExcessLength;
import dev.polyphase.pipelines.problems.InputException;

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
    Fitter<Pair, Pairs.Part> fitter = new Fitter<>(rows, excessLength);
    for (int row = 0; row < rows.size(); row++) {
      RowEntry entry = rows.entry(row);
      Pairs.Part part = part(row, entry);
      fitter.add(
          part,
          carriesLoss(entry.a(), entry.b(), entry.c()),
          carriesLoss(part.promptTokens(), part.chosenTokens(), part.rejectedTokens()));
    }
    fitter.requireAny(key, "pairs has completions", sequenceLen);
    return new Pairs(rows, fitter.parts(), fitter.counts());
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
