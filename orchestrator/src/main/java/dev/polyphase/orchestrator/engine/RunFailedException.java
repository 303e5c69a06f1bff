package dev.polyphase.orchestrator.engine;

/** A run that had begun failed; its state is saved and the same command resumes it. */
public final class RunFailedException extends RuntimeException {

  /** With one sentence for the user. */
  public RunFailedException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
