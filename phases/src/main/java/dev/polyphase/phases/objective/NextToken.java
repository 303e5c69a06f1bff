package dev.polyphase.phases.objective;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Example;
import dev.polyphase.data.ExampleEncoders;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowHash;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.ExampleFitting;
import dev.polyphase.prepared.Examples;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The objective of cpt and sft: the negative log-probability of each token that carries loss, the
 * mean over all of a step's (as {@code num_items_in_batch} has it in transformers).
 */
public final class NextToken implements Objective {
  private final Examples examples;
  private final EpochRows epoch;

  /** The objective on these rows, each once and a row of its batch. */
  public NextToken(Examples examples) {
    this(examples, epoch(examples, Mixture.EACH_ONCE));
  }

  /** The objective on what an epoch has of these rows, each a row of its batch. */
  NextToken(Examples examples, EpochRows epoch) {
    this.examples = examples;
    this.epoch = epoch;
  }

  /** Reads the rows of cpt and sft phases. */
  public static ObjectiveSource source(RowReader reader) {
    return new Source(reader);
  }

  static EpochRows epoch(Examples examples, Mixture mixture) {
    return new EpochRows(examples.names(), examples::datasetOf, examples.tokensOfRow(), mixture);
  }

  /** A row of the datasets as it is trained on. */
  static ShownRow shown(Examples examples, int row) {
    Example example = examples.rows().get(row);
    return new ShownRow.Tokens(
        examples.place(row),
        examples.names().get(examples.datasetOf(row)),
        example.ids(),
        example.labels());
  }

  /** Which of some tokens carry loss in the rows of an epoch, in the order of the tokens. */
  static Set<Integer> learned(Examples examples, EpochRows epoch, Set<Integer> ids) {
    Set<Integer> learned = new LinkedHashSet<>(ids);
    // What no row teaches need not be looked for in all of them.
    learned.removeIf(
        id ->
            !examples.mayLearn(id)
                || epoch.distinct().noneMatch(row -> examples.rows().get(row).learns(id)));
    return learned;
  }

  @Override
  public int[] tokensOfRow() {
    return epoch.tokens();
  }

  @Override
  public BatchSize batchSize(int[] rows) {
    int longest = epoch.rows(rows).map(examples::tokens).max().orElseThrow();
    return new BatchSize(rows.length, longest);
  }

  @Override
  public List<Place> places(int[] rows) {
    return epoch.rows(rows).mapToObj(examples::place).toList();
  }

  @Override
  public List<ShownRow> contents(int row) {
    return List.of(shown(examples, epoch.row(row)));
  }

  @Override
  public Set<Integer> learned(Set<Integer> ids) {
    return learned(examples, epoch, ids);
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
    return epoch.fingerprint(examples.fingerprint());
  }

  @Override
  public void begin(Beginning start) {}

  @Override
  public ObjectiveStep step(List<int[]> microBatches) {
    return ObjectiveStep.of(microBatches.stream().map(this::microBatch).toList());
  }

  private MicroBatch microBatch(int[] rows) {
    List<Example> chosen = epoch.rows(rows).mapToObj(examples.rows()::get).toList();
    return NextTokenBatch.of(TokenBatch.of(chosen), chosen, Arrays.stream(rows), epoch);
  }

  private static final class Rows implements ReadRows {
    private final Phase phase;
    private final PreparedRows<Example> prepared;
    private final Examples examples;

    /** Where the pieces of each row of the files begin, and where those of the last end. */
    private final int[] starts;

    Rows(Phase phase, PreparedRows<Example> prepared, Examples examples) {
      this.phase = phase;
      this.prepared = prepared;
      this.examples = examples;
      this.starts = new int[examples.sources() + 1];
      int[] sources = examples.sourceOfRow();
      for (int row = sources.length; row > 0; row--) {
        starts[sources[row - 1]] = row - 1;
      }
      starts[examples.sources()] = sources.length;
    }

    @Override
    public int count() {
      return starts.length - 1;
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
    public String datasetOf(int row) {
      return examples.names().get(examples.datasetOf(starts[row]));
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
      prepared.rejected(handler);
    }

    @Override
    public List<ShownRow> shown(int row) {
      List<ShownRow> shown = new ArrayList<>();
      for (int piece = starts[row]; piece < starts[row + 1]; piece++) {
        shown.add(NextToken.shown(examples, piece));
      }
      return shown;
    }

    @Override
    public long hashOf(int row) {
      if (examples.isPart(starts[row])) {
        return RowHash.of(contentOf(row));
      }
      long hash = examples.hashOf(starts[row]);
      for (int piece = starts[row] + 1; piece < starts[row + 1]; piece++) {
        hash = RowHash.of(hash, examples.hashOf(piece));
      }
      return hash;
    }

    @Override
    public List<int[]> contentOf(int row) {
      return examples.rows().subList(starts[row], starts[row + 1]).stream()
          .flatMap(piece -> Stream.of(piece.ids(), piece.labels()))
          .toList();
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      Examples some = examples.of(chosen);
      EpochRows epoch = epoch(some, mixture);
      return phase.batch().samplePacking()
          ? new PackedNextToken(some, epoch, phase.batch().sequenceLen())
          : new NextToken(some, epoch);
    }
  }

  private record Source(RowReader reader) implements ObjectiveSource {
    @Override
    public List<String> notBuilt(Phase phase) {
      return List.of();
    }

    @Override
    public ReadRows read(
        PhaseRequest request,
        String key,
        List<Dataset> datasets,
        RowModel model,
        LazyTokenizer tokenizer,
        ReadingListener listener)
        throws IOException {
      Phase phase = request.phase();
      PreparedRows<Example> prepared =
          reader.examples(
              new RowReader.Asked(request.folder(), request.path(key), datasets, phase.rows()),
              new ExampleEncoders(
                  phase.type(),
                  model.vocabSize(),
                  tokenizer,
                  new ChatEncoder(tokenizer, request.chatTemplate())),
              listener);
      ExampleFitting fitting =
          new ExampleFitting(phase.batch().sequenceLen(), phase.excessLength());
      return new Rows(phase, prepared, fitting.of(prepared, request.path(key)));
    }
  }
}
