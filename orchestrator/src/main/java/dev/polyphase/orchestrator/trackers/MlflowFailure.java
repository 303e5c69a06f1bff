package dev.polyphase.orchestrator.trackers;

import java.io.IOException;

/** Something that was asked of an MLflow server and not done. */
final class MlflowFailure extends IOException {
  private static final long serialVersionUID = 1;

  /** What may come of asking again. */
  enum Kind {
    /** It may go well the next time. */
    PASSES,
    /** This will never go well, and something else may. */
    REFUSED,
    /** Nothing will go well: who asks is not let in. */
    SHUT_OUT,
    /** What it is about is not there. */
    MISSING
  }

  private final Kind kind;

  /**
   * A failure.
   *
   * @param what the server did, as {@code answers with status 500}
   */
  MlflowFailure(Kind kind, String what) {
    super(what);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }
}
