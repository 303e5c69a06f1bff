package dev.polyphase.pipelines;

/**
 * Rows to train on or to evaluate.
 *
 * @param path a file or a glob, relative to the pipeline file's folder
 * @param type the rows' shape, or {@code AUTO} to see it in each file's first row
 * @param weight how often a row is seen in one epoch, 1 for once
 */
public record Dataset(
    @Key(
            means =
                "a file or a glob of JSONL, relative to the pipeline file; not built yet: Parquet",
            wanted = "a file or a glob")
        String path,
    @Key(
            means = "the rows' shape: `text`, `messages`, `completion`, `preference`, `tokens`",
            absent = "auto")
        RowType type,
    @Key(
            means = "how often a row is seen in one epoch; not built yet: any but 1",
            absent = "1",
            above = 0,
            to = 1000)
        double weight) {

  /** The shapes of rows. */
  public enum RowType {
    AUTO,
    TEXT,
    MESSAGES,
    COMPLETION,
    PREFERENCE,
    TOKENS
  }
}
