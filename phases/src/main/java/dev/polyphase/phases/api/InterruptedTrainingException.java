package dev.polyphase.phases.api;

/** Training stopped because the listener asked for it; there is no result. */
public final class InterruptedTrainingException extends RuntimeException {
  private final long step;

  /** Stopped after {@code step} optimiser steps. */
  public InterruptedTrainingException(long step) {
    super("training stopped after step " + step);
    this.step = step;
  }

  /** The optimiser steps taken. */
  public long step() {
    return step;
  }
}
