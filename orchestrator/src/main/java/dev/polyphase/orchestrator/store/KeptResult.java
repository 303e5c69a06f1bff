package dev.polyphase.orchestrator.store;

import static java.util.Objects.requireNonNull;

import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.PhaseResult;
import java.io.IOException;
import java.util.Optional;

/**
 * What is known of a phase whose model is about to appear, in {@code result.json}. The file is
 * there until {@code run.json} says that the phase is finished and what is written beside its model
 * is: a process that is killed in between leaves a phase that need not be trained again.
 *
 * @param result what training did
 * @param totalSteps the optimiser steps that were planned
 * @param compute what it was computed with
 */
public record KeptResult(PhaseResult result, long totalSteps, Compute compute) {
  /** One that lacks nothing, as a file may. */
  public KeptResult {
    requireNonNull(result);
    requireNonNull(compute);
  }

  /** What the file of a phase says; empty where it is not there or says nothing of use. */
  public static Optional<KeptResult> read(PhaseFolder phase) throws IOException {
    return RunStore.readIfSound(phase.resultJson(), KeptResult.class);
  }

  /** Writes the file, whole or not at all. */
  public void write(PhaseFolder phase) throws IOException {
    RunStore.write(phase.resultJson(), this);
  }
}
