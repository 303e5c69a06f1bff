package dev.polyphase.data;

/**
 * What became of the rows of datasets; of dpo a row is a pair. Each row that was read was kept, was
 * dropped, is without loss, or is left out as a duplicate or for being held out too.
 *
 * <p>Where {@code val_set_size} draws rows to hold out of those that are kept, the drawn ones count
 * with the held-out data alone, as read and kept, and what was not kept counts with the training
 * data: each count of the two, added up, is that of the files.
 *
 * @param read the rows in the files
 * @param kept those that are trained on, or measured on where they are held out
 * @param cut those of the kept ones that were longer than {@code sequence_len} and are there in
 *     part; in cpt, where nothing but the rest's first label is lost, those that were split
 * @param dropped those that were longer, and of which no token that carries loss was left
 * @param withoutLoss those in which no token carries loss at any length
 * @param equal the kept pairs whose completions are equal as they are trained on, so that they give
 *     no gradient; 0 in all phases but dpo
 * @param equalAfterCut those of them whose completions differ in the files
 * @param pieces what the kept rows make to train on: as many, and in cpt all pieces of those split
 * @param tokens the tokens in these
 * @param duplicates those that are equal, as they are trained on, to one before them; kept unless
 *     {@code dataset_exact_deduplication} leaves them out
 * @param alsoHeldOut those that are left out of the training data since they are equal to one of
 *     {@code eval_datasets}
 */
public record DataCounts(
    long read,
    long kept,
    long cut,
    long dropped,
    long withoutLoss,
    long equal,
    long equalAfterCut,
    long pieces,
    long tokens,
    long duplicates,
    long alsoHeldOut) {

  /** Rows that were kept as they are. */
  public static DataCounts whole(long rows, long tokens) {
    return new DataCounts(rows, rows, 0, 0, 0, 0, 0, rows, tokens, 0, 0);
  }

  /** What is left where some of the rows are counted elsewhere. */
  public DataCounts without(DataCounts some) {
    return new DataCounts(
        read - some.read,
        kept - some.kept,
        cut - some.cut,
        dropped - some.dropped,
        withoutLoss - some.withoutLoss,
        equal - some.equal,
        equalAfterCut - some.equalAfterCut,
        pieces - some.pieces,
        tokens - some.tokens,
        duplicates - some.duplicates,
        alsoHeldOut - some.alsoHeldOut);
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
        trained.equal,
        trained.equalAfterCut,
        trained.pieces,
        trained.tokens,
        duplicates,
        alsoHeldOut);
  }
}
