package dev.polyphase.phases.model;

/**
 * One pass in one stage, on its way up or down.
 *
 * @param stage the stage's number, from the embedding's on
 * @param up whether it is the forward pass
 * @param pass the pass's number in the step
 */
record Turn(int stage, boolean up, int pass) {}
