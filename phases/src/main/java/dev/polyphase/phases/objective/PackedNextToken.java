package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.data.Examples;
import dev.polyphase.phases.batches.Packing;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.pipelines.problems.Place;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * {@link NextToken} on packed rows: a row of the schedule is here a sequence of short rows, and all
 * sequences of a forward pass lie side by side, without padding.
 */
final class PackedNextToken implements Objective {
  private final Examples examples;
  private final List<int[]> sequences;

  PackedNextToken(Examples examples, int sequenceLen) {
    this.examples = examples;
    int[] tokens = examples.rows().stream().mapToInt(Example::tokens).toArray();
    this.sequences = Packing.bestFitDecreasing(tokens, sequenceLen);
  }

  @Override
  public int[] tokensOfRow() {
    return IntStream.range(0, sequences.size()).map(this::tokens).toArray();
  }

  @Override
  public BatchSize batchSize(int[] chosen) {
    int longest = rows(chosen).stream().mapToInt(Example::tokens).max().orElseThrow();
    return new BatchSize(1, Arrays.stream(chosen).map(this::tokens).sum(), longest);
  }

  @Override
  public List<Place> places(int[] chosen) {
    return numbers(chosen).mapToObj(examples.places()::get).toList();
  }

  @Override
  public Set<Integer> learned(Set<Integer> ids) {
    return examples.learned(ids);
  }

  @Override
  public DataCounts counts() {
    return examples.counts();
  }

  @Override
  public String fingerprint() {
    return "packed " + examples.fingerprint();
  }

  @Override
  public void begin(Beginning start) {}

  @Override
  public MicroBatch microBatch(int[] chosen) {
    return new NextTokenBatch(
        TokenBatch.packed(rows(chosen), Arrays.stream(chosen).map(this::tokens).toArray()));
  }

  private List<Example> rows(int[] chosen) {
    return numbers(chosen).mapToObj(examples.rows()::get).toList();
  }

  /** The rows of sequences, by their index. */
  private IntStream numbers(int[] chosen) {
    return Arrays.stream(chosen).mapToObj(sequences::get).flatMapToInt(Arrays::stream);
  }

  private int tokens(int sequence) {
    return Arrays.stream(sequences.get(sequence))
        .map(row -> examples.rows().get(row).tokens())
        .sum();
  }
}
