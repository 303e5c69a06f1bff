package dev.polyphase.orchestrator.index;

import java.nio.file.Path;

/**
 * Weights that a run has left.
 *
 * @param phase the place of their phase in the pipeline, counted from 0
 * @param step the optimiser steps that the phase had taken
 * @param training whether it is the phase's own saved state, from which it goes on, and not its
 *     model
 * @param folder where they are
 */
public record IndexedCheckpoint(int phase, long step, boolean training, Path folder) {}
