package dev.polyphase.phases.objective;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.data.ExampleReader;
import dev.polyphase.data.Examples;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowEncoder;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * The objective of cpt and sft: the negative log-probability of each token that carries loss, the
 * mean over all of a step's (as {@code num_items_in_batch} has it in transformers).
 */
public final class NextToken implements Objective {
  private final Examples examples;

  /** The objective on these rows, each a row of its batch. */
  public NextToken(Examples examples) {
    this.examples = examples;
  }

  /** Reads the rows of cpt and sft phases. */
  public static ObjectiveSource source() {
    return new Source();
  }

  @Override
  public int[] tokensOfRow() {
    return examples.rows().stream().mapToInt(Example::tokens).toArray();
  }

  @Override
  public BatchSize batchSize(int[] rows) {
    int longest =
        Arrays.stream(rows).map(row -> examples.rows().get(row).tokens()).max().orElseThrow();
    return new BatchSize(rows.length, longest);
  }

  @Override
  public List<Place> places(int[] rows) {
    return Arrays.stream(rows).mapToObj(examples.places()::get).toList();
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
    return examples.fingerprint();
  }

  @Override
  public void begin(Beginning start) {}

  @Override
  public MicroBatch microBatch(int[] rows) {
    List<Example> chosen = Arrays.stream(rows).mapToObj(examples.rows()::get).toList();
    return new NextTokenBatch(TokenBatch.of(chosen));
  }

  private record Rows(Phase phase, Examples examples) implements ReadRows {
    @Override
    public int count() {
      return examples.sources();
    }

    @Override
    public DataCounts counts() {
      return examples.counts();
    }

    @Override
    public Objective objective(int[] chosen) {
      Examples some = examples.of(chosen);
      return phase.batch().samplePacking()
          ? new PackedNextToken(some, phase.batch().sequenceLen())
          : new NextToken(some);
    }
  }

  private static final class Source implements ObjectiveSource {
    @Override
    public List<String> notBuilt(Phase phase) {
      return List.of();
    }

    @Override
    public ReadRows read(
        PhaseRequest request,
        String key,
        List<Dataset> datasets,
        int vocabSize,
        LazyTokenizer tokenizer,
        ReadingListener listener)
        throws IOException {
      Phase phase = request.phase();
      RowEncoder encoder =
          new RowEncoder(phase.type(), vocabSize, tokenizer, request.chatTemplate());
      ExampleReader reader = new ExampleReader(phase.type(), phase.batch().sequenceLen(), encoder);
      Examples examples = reader.read(request.folder(), request.path(key), datasets, listener);
      return new Rows(phase, examples);
    }
  }
}
