package dev.polyphase.phases.api;

import java.util.List;

/**
 * What a phase will do.
 *
 * @param rows the rows of its datasets
 * @param tokens the tokens of one pass over them, padding not counted
 * @param slots the tokens that one pass would have if each packed sequence were full; 0 where rows
 *     are not packed
 * @param steps the optimiser steps of the phase
 * @param rescans how often it measures its weights anew on its way
 * @param evalRows the rows of its held-out datasets
 * @param totalTokens the tokens of all steps, padding not counted
 * @param trainedValues the parameters in {@link PhaseRequest#trainable()}
 * @param modelValues the parameters of the model
 * @param compute what it is computed with
 * @param memory what it needs, all devices together
 * @param places what each of its devices holds and needs, in the order of the forward pass
 */
public record PhasePlan(
    long rows,
    long tokens,
    long slots,
    long steps,
    long rescans,
    long evalRows,
    long totalTokens,
    long trainedValues,
    long modelValues,
    Compute compute,
    MemoryEstimate memory,
    List<PlaceNeed> places) {

  public PhasePlan {
    places = List.copyOf(places);
  }
}
