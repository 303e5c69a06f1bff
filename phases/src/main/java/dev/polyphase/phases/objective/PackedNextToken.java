package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Packing;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.Examples;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * {@link NextToken} on packed rows: a row of the schedule is here a sequence of short rows, and all
 * sequences of a forward pass lie side by side, without padding.
 */
final class PackedNextToken implements Objective {
  private final Examples examples;
  private final EpochRows epoch;
  private final int[] tokensOfRow;
  private final List<int[]> sequences;

  PackedNextToken(Examples examples, EpochRows epoch, int sequenceLen) {
    this.examples = examples;
    this.epoch = epoch;
    this.tokensOfRow = epoch.tokens();
    this.sequences = Packing.bestFitDecreasing(tokensOfRow, sequenceLen);
  }

  @Override
  public int[] tokensOfRow() {
    return IntStream.range(0, sequences.size()).map(this::tokens).toArray();
  }

  @Override
  public BatchSize batchSize(int[] chosen) {
    int longest = numbers(chosen).map(row -> tokensOfRow[row]).max().orElseThrow();
    return new BatchSize(1, Arrays.stream(chosen).map(this::tokens).sum(), longest);
  }

  @Override
  public List<Place> places(int[] chosen) {
    return numbers(chosen).map(epoch::row).mapToObj(examples::place).toList();
  }

  @Override
  public List<ShownRow> contents(int sequence) {
    return numbers(new int[] {sequence})
        .map(epoch::row)
        .mapToObj(row -> NextToken.shown(examples, row))
        .toList();
  }

  @Override
  public Set<Integer> learned(Set<Integer> ids) {
    return NextToken.learned(examples, epoch, ids);
  }

  @Override
  public DataCounts counts() {
    return examples.counts();
  }

  @Override
  public Map<String, DataCounts> countsByDataset() {
    return DataCounts.byName(examples.names(), examples.countsByDataset());
  }

  @Override
  public List<DatasetShare> shares() {
    return epoch.shares();
  }

  @Override
  public long[] hashes() {
    return epoch.hashes(examples::hashOf);
  }

  @Override
  public String fingerprint() {
    return "packed " + epoch.fingerprint(examples.fingerprint());
  }

  @Override
  public void begin(Beginning start) {}

  @Override
  public ObjectiveStep step(List<int[]> microBatches) {
    return ObjectiveStep.of(microBatches.stream().map(this::microBatch).toList());
  }

  private MicroBatch microBatch(int[] chosen) {
    List<Example> rows = numbers(chosen).map(epoch::row).mapToObj(examples.rows()::get).toList();
    TokenBatch tokens = TokenBatch.packed(rows, Arrays.stream(chosen).map(this::tokens).toArray());
    return NextTokenBatch.of(tokens, rows, numbers(chosen), epoch);
  }

  /** The rows of sequences, by their number in the epoch. */
  private IntStream numbers(int[] chosen) {
    return Arrays.stream(chosen).mapToObj(sequences::get).flatMapToInt(Arrays::stream);
  }

  private int tokens(int sequence) {
    return Arrays.stream(sequences.get(sequence)).map(row -> tokensOfRow[row]).sum();
  }
}
