package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.pipelines.problems.Place;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a phase optimises. The loop hands it what the model says of a batch's target tokens; it
 * answers with a loss, its gradient and figures to log. The loss of an optimiser step is the mean
 * over what {@link MicroBatch#weight()} counts, across all of the step's micro-batches.
 *
 * <p>A row is here what a schedule orders: a row of the datasets, as often as an epoch has it, or
 * where those are packed, a sequence of them.
 */
public interface Objective extends AutoCloseable {

  /** The tokens of each row, padding not counted. */
  int[] tokensOfRow();

  /** The size of the forward pass of these rows. */
  BatchSize batchSize(int[] rows);

  /** Where the rows of the datasets that are in these rows were read, in their order. */
  List<Place> places(int[] rows);

  /** The rows of the datasets that are in this one, in their order, as they are trained on. */
  List<ShownRow> contents(int row);

  /**
   * Which of some tokens carry loss in these rows, so that the model learns to say them.
   *
   * @param ids the tokens, in an order that is kept
   */
  Set<Integer> learned(Set<Integer> ids);

  /** What the rows of the datasets that are in it came to; none of these was left out. */
  DataCounts counts();

  /** The same of each dataset, by what metrics call it. */
  Map<String, DataCounts> countsByDataset();

  /** What an epoch has of each dataset. */
  List<DatasetShare> shares();

  /** The different hashes of the datasets' rows that are in it, ascending. */
  long[] hashes();

  /** Tells its rows, in their order, from others. */
  String fingerprint();

  /** The reward margins of its pairs as they were seen last; empty where its rows are no pairs. */
  default Optional<Margins> margins() {
    return Optional.empty();
  }

  /** Called once before the first step, or before the first one that is taken after a pause. */
  void begin(Beginning start) throws IOException;

  /**
   * A step.
   *
   * @param microBatches the rows of each forward pass, by their indices
   */
  ObjectiveStep step(List<int[]> microBatches);

  /** Lets go of what was made when it began; it may begin again. */
  @Override
  default void close() {}
}
