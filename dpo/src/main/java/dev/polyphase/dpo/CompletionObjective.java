package dev.polyphase.dpo;

import dev.polyphase.data.DataCounts;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.batches.Packing;
import dev.polyphase.phases.objective.EpochRows;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.FittedRows;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What objectives on prompts with completions have in common: their rows, and how these make the
 * rows of a schedule, each one or where they are packed several.
 *
 * @param <T> what a row is
 */
abstract sealed class CompletionObjective<T> implements Objective permits Preference, Judgement {
  private final FittedRows<T, ?> rows;
  private final EpochRows epoch;
  private final List<int[]> sequences;

  /** Whether rows are packed. */
  private final boolean packed;

  /**
   * The rows of an epoch.
   *
   * @param sequenceTokens the most tokens of rows that are packed into one; 0 where none are
   */
  CompletionObjective(FittedRows<T, ?> rows, Mixture mixture, int sequenceTokens) {
    this.rows = rows;
    this.epoch = new EpochRows(rows.names(), rows::datasetOf, rows.tokensOfRow(), mixture);
    this.packed = sequenceTokens > 0;
    this.sequences =
        packed
            ? Packing.bestFitDecreasing(epoch.tokens(), sequenceTokens)
            : IntStream.range(0, epoch.count()).mapToObj(row -> new int[] {row}).toList();
  }

  /** How many rows an epoch has. */
  final int count() {
    return epoch.count();
  }

  /** The rows in rows of the schedule, by their numbers in the epoch. */
  final int[] numbers(int[] chosen) {
    return Arrays.stream(chosen).mapToObj(sequences::get).flatMapToInt(Arrays::stream).toArray();
  }

  /** The datasets' rows that are these of the epoch. */
  final int[] rows(int[] numbers) {
    return epoch.rows(numbers).toArray();
  }

  /** What these rows of the epoch are. */
  final List<T> contents(int[] numbers) {
    return epoch.rows(numbers).mapToObj(rows.rows()::get).toList();
  }

  /** What metrics call the datasets of these rows of the epoch; empty where nobody asks. */
  final List<String> channels(int[] numbers) {
    return epoch.hasChannels()
        ? Arrays.stream(numbers).mapToObj(epoch::channel).toList()
        : List.of();
  }

  /** Whether a model learns to say a token where it is in a row. */
  abstract boolean teaches(T row, int id);

  @Override
  public final int[] tokensOfRow() {
    int[] tokens = epoch.tokens();
    return sequences.stream()
        .mapToInt(sequence -> Arrays.stream(sequence).map(row -> tokens[row]).sum())
        .toArray();
  }

  @Override
  public final List<Place> places(int[] chosen) {
    return epoch.rows(numbers(chosen)).mapToObj(rows::place).toList();
  }

  /**
   * A row as it is trained on.
   *
   * @param dataset what metrics call its dataset
   */
  abstract ShownRow shown(Place place, String dataset, T row);

  @Override
  public final List<ShownRow> contents(int sequence) {
    return epoch
        .rows(sequences.get(sequence))
        .mapToObj(
            row ->
                shown(rows.place(row), rows.names().get(rows.datasetOf(row)), rows.rows().get(row)))
        .toList();
  }

  @Override
  public final Set<Integer> learned(Set<Integer> ids) {
    Set<Integer> learned = new LinkedHashSet<>(ids);
    learned.removeIf(
        id ->
            !rows.mayLearn(id)
                || epoch.distinct().noneMatch(row -> teaches(rows.rows().get(row), id)));
    return learned;
  }

  @Override
  public final DataCounts counts() {
    return rows.counts();
  }

  @Override
  public final Map<String, DataCounts> countsByDataset() {
    return DataCounts.byName(rows.names(), rows.countsByDataset());
  }

  @Override
  public final List<DatasetShare> shares() {
    return epoch.shares();
  }

  @Override
  public final long[] hashes() {
    return epoch.hashes(rows::hashOf);
  }

  @Override
  public final String fingerprint() {
    return (packed ? "packed " : "") + epoch.fingerprint(rows.fingerprint());
  }
}
