package dev.polyphase.pipelines;

/**
 * Rows to train on or to evaluate.
 *
 * @param path a file or a glob, relative to the pipeline file's folder
 * @param type the rows' shape, or {@code AUTO} to see it in each file's first row
 * @param weight how often a row is seen in one epoch, 1 for once
 */
public record Dataset(String path, RowType type, double weight) {

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
