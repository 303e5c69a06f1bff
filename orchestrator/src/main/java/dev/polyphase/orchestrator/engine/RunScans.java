package dev.polyphase.orchestrator.engine;

import dev.polyphase.rescanner.SingularValues;

/**
 * What a run's scans compute with.
 *
 * @param beforePhases for the scans before phases, when nothing else is on the device
 * @param withinPhases for rescans while a phase trains, which leave a GPU to the model; may be the
 *     same
 */
record RunScans(SingularValues beforePhases, SingularValues withinPhases) implements AutoCloseable {

  @Override
  public void close() {
    beforePhases.close();
    if (withinPhases != beforePhases) {
      withinPhases.close();
    }
  }
}
