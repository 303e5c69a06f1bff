package dev.polyphase.data;

import java.util.OptionalDouble;

/** Hears how far the reading of a phase's data is, which may take minutes. */
@FunctionalInterface
public interface ReadingListener {
  /** For whom reading is short, or nobody watches. */
  ReadingListener NOBODY = progress -> {};

  /**
   * Some rows were read; called after every few hundred, on the thread that asked for them.
   *
   * @param progress how far it is
   */
  void reading(Progress progress);

  /**
   * How far the reading of a file is.
   *
   * @param file the file
   * @param rows its rows so far
   * @param tokens the tokens in these
   * @param share how much of the file that is, from 0 to 1; empty where that is not known
   */
  record Progress(String file, long rows, long tokens, OptionalDouble share) {}
}
