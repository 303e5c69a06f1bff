package dev.polyphase.phases.data;

import java.util.List;

/**
 * The rows of datasets, ready to train on.
 *
 * @param rows at least one, in the order of the files; not copied
 * @param counts how they came about
 */
public record Examples(List<Example> rows, DataCounts counts) {}
