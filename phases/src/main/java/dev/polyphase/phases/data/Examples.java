package dev.polyphase.phases.data;

import dev.polyphase.pipelines.problems.Place;
import java.util.List;

/**
 * The rows of datasets, ready to train on.
 *
 * @param rows at least one, in the order of the files; not copied
 * @param places where each of them was read; not copied. Pieces of a row have the same
 * @param counts how they came about
 */
public record Examples(List<Example> rows, List<Place> places, DataCounts counts) {}
