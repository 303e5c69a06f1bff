package dev.polyphase.prepared;

import dev.polyphase.data.DataCounts;
import java.util.Map;

/** Counts what becomes of the rows of a dataset, one after the other. */
final class Tally {
  private final Map<String, Long> bad;
  private long kept;
  private long cut;
  private long dropped;
  private long withoutLoss;
  private long seams;
  private long equal;
  private long equalAfterCut;
  private long desirable;
  private long undesirable;
  private long pieces;
  private long tokens;

  /** Nothing yet but rows that are wrong. */
  Tally(Map<String, Long> bad) {
    this.bad = bad;
  }

  void dropped() {
    dropped++;
  }

  void withoutLoss() {
    withoutLoss++;
  }

  void kept(boolean isCut, boolean seam) {
    kept++;
    cut += isCut ? 1 : 0;
    seams += seam ? 1 : 0;
  }

  void piece(long itsTokens) {
    pieces++;
    tokens += itsTokens;
  }

  void equal(boolean afterCutAlone) {
    equal++;
    equalAfterCut += afterCutAlone ? 1 : 0;
  }

  void judged(boolean isDesirable) {
    desirable += isDesirable ? 1 : 0;
    undesirable += isDesirable ? 0 : 1;
  }

  DataCounts counts() {
    long badRows = bad.values().stream().mapToLong(Long::longValue).sum();
    return new DataCounts(
        kept + dropped + withoutLoss + badRows,
        kept,
        cut,
        dropped,
        withoutLoss,
        bad,
        seams,
        equal,
        equalAfterCut,
        pieces,
        tokens,
        0,
        0,
        desirable,
        undesirable);
  }
}
