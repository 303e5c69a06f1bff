package dev.polyphase.pipelines.problems;

/**
 * What was asked of a library or of the machine failed, and not for the input. The message is one
 * sentence for people; what the library says is the cause, which {@code --debug} shows.
 */
public final class OperationFailedException extends RuntimeException {

  /** With the sentence alone. */
  public OperationFailedException(String sentence) {
    super(sentence);
  }

  /** With the sentence and the library's failure. */
  public OperationFailedException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
