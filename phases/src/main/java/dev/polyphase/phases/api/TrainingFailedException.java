package dev.polyphase.phases.api;

/** Training can't go on, as where the loss is no number; nothing was written. */
public final class TrainingFailedException extends RuntimeException {

  /** With one sentence: what happened, where, and what to do. */
  public TrainingFailedException(String sentence) {
    super(sentence);
  }
}
