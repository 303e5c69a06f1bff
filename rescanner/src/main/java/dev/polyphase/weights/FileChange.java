package dev.polyphase.weights;

/** What becomes of a file of a model's folder, other than weights, in a folder made from it. */
public sealed interface FileChange permits JsonEdit, FileChange.Text, FileChange.LeftOut {

  /**
   * It holds another text, in UTF-8, whether it was there or not.
   *
   * @param text all of it
   */
  record Text(String text) implements FileChange {}

  /** It is not carried over. */
  record LeftOut() implements FileChange {}
}
