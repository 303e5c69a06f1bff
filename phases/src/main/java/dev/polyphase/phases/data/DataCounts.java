package dev.polyphase.phases.data;

/**
 * What became of the rows that were read.
 *
 * @param rows the rows to train on
 * @param tokens the tokens in them
 * @param cutRows rows that were longer than the phase's sequence and were cut at the end or, in
 *     cpt, split
 * @param droppedRows rows that were left out, because no token that carries loss was in them or was
 *     left of them
 */
public record DataCounts(long rows, long tokens, long cutRows, long droppedRows) {}
