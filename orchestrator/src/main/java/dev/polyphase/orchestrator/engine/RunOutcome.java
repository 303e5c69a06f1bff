package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder.KeptStep;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * How a run ended.
 *
 * @param kind the way
 * @param model the folder of the last phase's result, which is there unless interrupted
 * @param interruption where it was interrupted, and null elsewhere
 */
public record RunOutcome(Kind kind, Path model, @Nullable Interruption interruption) {

  /** A run that was not interrupted. */
  RunOutcome(Kind kind, Path model) {
    this(kind, model, null);
  }

  /** The ways. */
  public enum Kind {
    /** All phases are done. */
    FINISHED,
    /** All phases had been done before; nothing was. */
    ALREADY_FINISHED,
    /** It was asked to stop; the state is saved. */
    INTERRUPTED
  }

  /**
   * Where a run stopped.
   *
   * @param step the optimiser steps that the phase had taken; 0 also where it did not train yet
   * @param newest what is kept of the phase; null where nothing is
   */
  public record Interruption(long step, @Nullable KeptStep newest) {

    /**
     * What a user is told of it.
     *
     * @param command what goes on, as {@code the same command}
     */
    public String sentence(String command) {
      if (newest == null) {
        return step == 0
            ? "interrupted; " + command + " resumes"
            : "interrupted after step %s, of which nothing could be kept; %s begins the phase anew"
                .formatted(Numbers.whole(step), command);
      }
      String head =
          step == newest.step()
              ? "interrupted after step %s, the state is in %s"
                  .formatted(Numbers.whole(step), newest.path())
              : "interrupted%s; the state of step %s is in %s"
                  .formatted(
                      step == 0 ? "" : " after step " + Numbers.whole(step),
                      Numbers.whole(newest.step()),
                      newest.path());
      return head + "; " + command + " goes on there";
    }
  }
}
