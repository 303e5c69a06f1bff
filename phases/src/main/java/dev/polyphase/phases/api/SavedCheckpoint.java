package dev.polyphase.phases.api;

import java.nio.file.Path;

/**
 * A checkpoint that is complete: all that an exact resume needs.
 *
 * @param folder where it is, below {@link PhaseRequest#checkpoints()}
 * @param step the optimiser steps taken
 * @param bytes what it takes on the disk
 * @param stoodStillSeconds how long training stood still for it
 */
public record SavedCheckpoint(Path folder, long step, long bytes, double stoodStillSeconds) {}
