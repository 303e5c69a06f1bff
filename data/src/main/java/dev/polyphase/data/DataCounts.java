package dev.polyphase.data;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What became of the rows of datasets; of dpo a row is a pair, of kto a completion, so that a pair
 * there is two. Each row that was read is bad, was kept, was dropped, is without loss, or is left
 * out as a duplicate or for being held out too.
 *
 * <p>Where {@code val_set_size} draws rows to hold out of those that are kept, the drawn ones count
 * with the held-out data alone, as read and kept, and what was not kept counts with the training
 * data: each count of the two, added up, is that of the files.
 *
 * @param read the rows in the files
 * @param kept those that are trained on, or measured on where they are held out
 * @param cut those of the kept ones that were longer than {@code sequence_len} and are there in
 *     part; where they were split, and nothing but the rest's first label is lost, those
 * @param dropped those that were longer, and of which no token that carries loss was left, or that
 *     were to be left out
 * @param withoutLoss those in which no token carries loss at any length
 * @param bad those that are wrong, by what is wrong with them
 * @param seams those of the kept ones in which a token spans the end of the prompt
 * @param equal the kept pairs whose completions are equal as they are trained on, so that they give
 *     no gradient; 0 in all phases but dpo
 * @param equalAfterCut those of them whose completions differ in the files
 * @param pieces what the kept rows make to train on: as many, and all pieces of those split
 * @param tokens the tokens in these
 * @param duplicates those that are equal, as they are trained on, to one before them; kept unless
 *     {@code dataset_exact_deduplication} leaves them out
 * @param alsoHeldOut those that are left out of the training data since they are equal to one of
 *     {@code eval_datasets}
 * @param desirable the kept completions that are wanted; 0 in all phases but kto
 * @param undesirable the kept completions that are not; 0 in all phases but kto
 */
public record DataCounts(
    long read,
    long kept,
    long cut,
    long dropped,
    long withoutLoss,
    Map<String, Long> bad,
    long seams,
    long equal,
    long equalAfterCut,
    long pieces,
    long tokens,
    long duplicates,
    long alsoHeldOut,
    long desirable,
    long undesirable) {

  public DataCounts {
    // Of runs that counted none yet.
    bad = bad == null ? Map.of() : Collections.unmodifiableMap(new TreeMap<>(bad));
  }

  /** Nothing. */
  public static final DataCounts NONE = new DataCounts(0, 0, 0, 0, 0, 0, 0, 0, 0);

  /** Rows of which none is bad, left out, there twice, or has a seam within a token. */
  public DataCounts(
      long read,
      long kept,
      long cut,
      long dropped,
      long withoutLoss,
      long equal,
      long equalAfterCut,
      long pieces,
      long tokens) {
    this(
        read,
        kept,
        cut,
        dropped,
        withoutLoss,
        Map.of(),
        0,
        equal,
        equalAfterCut,
        pieces,
        tokens,
        0,
        0,
        0,
        0);
  }

  /** Rows that were kept as they are. */
  public static DataCounts whole(long rows, long tokens) {
    return new DataCounts(rows, rows, 0, 0, 0, 0, 0, rows, tokens);
  }

  /** Counts by name; those of one name are added up. */
  public static Map<String, DataCounts> byName(List<String> names, List<DataCounts> counts) {
    Map<String, DataCounts> byName = new LinkedHashMap<>();
    for (int i = 0; i < counts.size(); i++) {
      byName.merge(names.get(i), counts.get(i), DataCounts::plus);
    }
    return byName;
  }

  /** How many rows are wrong. */
  public long badRows() {
    return bad.values().stream().mapToLong(Long::longValue).sum();
  }

  /** These and others. */
  public DataCounts plus(DataCounts more) {
    return combined(more, 1);
  }

  /** What is left where some of the rows are counted elsewhere. */
  public DataCounts without(DataCounts some) {
    return combined(some, -1);
  }

  private DataCounts combined(DataCounts other, int sign) {
    Map<String, Long> reasons = new TreeMap<>(bad);
    other.bad.forEach((reason, count) -> reasons.merge(reason, sign * count, Long::sum));
    reasons.values().removeIf(count -> count == 0);
    return new DataCounts(
        read + sign * other.read,
        kept + sign * other.kept,
        cut + sign * other.cut,
        dropped + sign * other.dropped,
        withoutLoss + sign * other.withoutLoss,
        reasons,
        seams + sign * other.seams,
        equal + sign * other.equal,
        equalAfterCut + sign * other.equalAfterCut,
        pieces + sign * other.pieces,
        tokens + sign * other.tokens,
        duplicates + sign * other.duplicates,
        alsoHeldOut + sign * other.alsoHeldOut,
        desirable + sign * other.desirable,
        undesirable + sign * other.undesirable);
  }

  /**
   * What is said where not all of the kept rows are trained on.
   *
   * @param trained those that are
   * @param duplicates how many of the kept ones are equal to one before them
   * @param alsoHeldOut how many are left out since they are held out too
   */
  public DataCounts leaving(DataCounts trained, long duplicates, long alsoHeldOut) {
    return new DataCounts(
        read,
        trained.kept,
        trained.cut,
        dropped,
        withoutLoss,
        bad,
        trained.seams,
        trained.equal,
        trained.equalAfterCut,
        trained.pieces,
        trained.tokens,
        duplicates,
        alsoHeldOut,
        trained.desirable,
        trained.undesirable);
  }
}
