package dev.polyphase.prepared;

import dev.polyphase.pipelines.problems.Place;

/**
 * A row that could not be read.
 *
 * @param place where it is
 * @param reason what is wrong, in a few words, by which such rows are counted
 * @param sentence what is wrong in this one, and what to do
 * @param text the row as the file has it
 */
public record RejectedRow(Place place, String reason, String sentence, String text) {}
