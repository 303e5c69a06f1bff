package dev.polyphase.phases.api;

/**
 * What a phase will do.
 *
 * @param rows the rows of its datasets
 * @param tokens the tokens of one pass over them, padding not counted
 * @param steps the optimiser steps of the phase
 * @param evalRows the rows of its held-out datasets
 */
public record PhasePlan(long rows, long tokens, long steps, long evalRows) {}
