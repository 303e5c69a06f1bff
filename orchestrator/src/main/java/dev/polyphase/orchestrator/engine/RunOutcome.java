package dev.polyphase.orchestrator.engine;

import java.nio.file.Path;

/**
 * How a run ended.
 *
 * @param kind the way
 * @param model the folder of the last phase's result, which is there unless interrupted
 */
public record RunOutcome(Kind kind, Path model) {

  /** The ways. */
  public enum Kind {
    /** All phases are done. */
    FINISHED,
    /** All phases had been done before; nothing was. */
    ALREADY_FINISHED,
    /** It was asked to stop; the state is saved. */
    INTERRUPTED
  }
}
