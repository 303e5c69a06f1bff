package dev.polyphase.phases.api;

/**
 * Training can't go on, as where the loss is no number. There is no result. Where a step failed,
 * what is known of it is in {@link PhaseRequest#failedStep()}, and the weights before it in {@link
 * PhaseRequest#lastGood()}.
 */
public final class TrainingFailedException extends RuntimeException {

  /** With one sentence: what happened, where, and what to do. */
  public TrainingFailedException(String sentence) {
    super(sentence);
  }

  /** With one sentence, and what caused it. */
  public TrainingFailedException(String sentence, Throwable cause) {
    super(sentence, cause);
  }
}
