package dev.polyphase.phases.api;

import dev.polyphase.data.DataCounts;
import dev.polyphase.pipelines.problems.Problem;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a phase will do.
 *
 * @param data what becomes of the rows of its training data
 * @param heldOut likewise of its held-out data; null where it has none
 * @param badRows the first rows that are wrong and left out, with where they are; few of many
 * @param datasets what becomes of the rows of each dataset of the training data, by name
 * @param epoch what one pass over its training data has of each dataset
 * @param ends the tokens at which its rows teach the model to stop: those of the ends of turns and
 *     of texts that carry loss in its training data
 * @param slots the tokens that one pass would have if each packed sequence were full; 0 where rows
 *     are not packed
 * @param steps the optimiser steps of the phase
 * @param rescans how often it measures its weights anew on its way
 * @param totalTokens the tokens of all steps, padding not counted
 * @param reach how far it can move what it trains
 * @param trainedValues the parameters in {@link PhaseStart#trainable()}
 * @param modelValues the parameters of the model
 * @param compute what it is computed with
 * @param memory what it needs, all devices together; null where only the engine that trains it can
 *     know
 * @param deviceNeeds what each of its devices holds and needs, in the order of the forward pass;
 *     empty where that is not known
 * @param share what each process of an engine of several needs; null with the trainer that is built
 *     in
 * @param checkpointBytes what one checkpoint on its way takes on the disk: master weights and
 *     optimiser states
 * @param resultBytes what its result takes on the disk
 * @param beyond what is to be said of rows that are longer than the model's positions were made
 *     for; null where its {@code sequence_len} lets none be
 */
public record PhasePlan(
    DataCounts data,
    @Nullable DataCounts heldOut,
    List<Problem> badRows,
    Map<String, DataCounts> datasets,
    List<DatasetShare> epoch,
    List<EndToken> ends,
    long slots,
    long steps,
    long rescans,
    long totalTokens,
    Reach reach,
    long trainedValues,
    long modelValues,
    Compute compute,
    @Nullable MemoryEstimate memory,
    List<DeviceNeed> deviceNeeds,
    @Nullable ProcessShare share,
    long checkpointBytes,
    long resultBytes,
    @Nullable BeyondPositions beyond) {

  public PhasePlan {
    badRows = List.copyOf(badRows);
    datasets = Collections.unmodifiableMap(new LinkedHashMap<>(datasets));
    epoch = List.copyOf(epoch);
    ends = List.copyOf(ends);
    deviceNeeds = List.copyOf(deviceNeeds);
  }

  /** The tokens of one pass over its training data. */
  public long epochTokens() {
    return epoch.stream().mapToLong(DatasetShare::epochTokens).sum();
  }
}
