package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.problems.InputException;

/** A run's disk has no room for it at the moment; all else about it is right. */
public final class NoRoomException extends InputException {

  /** With one sentence: what is lacking, and what to do. */
  public NoRoomException(String sentence) {
    super(sentence);
  }
}
