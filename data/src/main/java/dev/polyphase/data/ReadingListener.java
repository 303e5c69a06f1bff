package dev.polyphase.data;

/** Hears how far the reading of a phase's data is, which may take minutes. */
@FunctionalInterface
public interface ReadingListener {
  /** For whom reading is short, or nobody watches. */
  ReadingListener NOBODY = (file, rows) -> {};

  /**
   * A row is about to be read; called for each one, on the thread that reads.
   *
   * @param file the row's file
   * @param rows the rows so far of the training data, or of the held-out data, all files together
   */
  void reading(String file, long rows);
}
