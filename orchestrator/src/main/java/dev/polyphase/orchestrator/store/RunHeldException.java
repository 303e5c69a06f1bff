package dev.polyphase.orchestrator.store;

import dev.polyphase.pipelines.problems.InputException;

/** A run's folder is another process's at the moment: what was asked for may be right later. */
public final class RunHeldException extends InputException {

  /** With one sentence: whose it is, and what to do. */
  public RunHeldException(String sentence) {
    super(sentence);
  }
}
