package dev.polyphase.dpo;

import static java.util.Objects.requireNonNull;

import dev.polyphase.chat.ChatEncoder;
import dev.polyphase.data.DataCounts;
import dev.polyphase.data.Pair;
import dev.polyphase.data.PairEncoders;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.data.RowHash;
import dev.polyphase.phases.api.DatasetShare;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.EpochRows;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.PairFitting;
import dev.polyphase.prepared.Pairs;
import dev.polyphase.prepared.PreparedRows;
import dev.polyphase.prepared.RowReader;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The objective of dpo phases: the mean over pairs of a preference loss. */
public final class Preference implements Objective {
  private final Pairs pairs;
  private final EpochRows epoch;
  private final SigmoidLoss loss;
  private @Nullable PairLogProbs[] reference = {};

  /** The objective on these pairs, each once. */
  public Preference(Pairs pairs, Dpo settings) {
    this(pairs, Mixture.EACH_ONCE, settings);
  }

  /** The objective on what an epoch has of these pairs. */
  Preference(Pairs pairs, Mixture mixture, Dpo settings) {
    this.pairs = pairs;
    this.epoch = new EpochRows(pairs.names(), pairs::datasetOf, pairs.tokensOfRow(), mixture);
    this.loss = new SigmoidLoss(settings.beta(), settings.labelSmoothing());
  }

  /** Reads the rows of dpo phases. */
  public static ObjectiveSource source(RowReader reader) {
    return new Source(reader);
  }

  @Override
  public int[] tokensOfRow() {
    return epoch.tokens();
  }

  @Override
  public BatchSize batchSize(int[] rows) {
    int longest = epoch.rows(rows).map(pairs::longerRow).max().orElseThrow();
    return new BatchSize(2 * rows.length, longest);
  }

  @Override
  public List<Place> places(int[] rows) {
    return epoch.rows(rows).mapToObj(pairs::place).toList();
  }

  /** Of what is preferred: that is what the model learns to say. */
  @Override
  public Set<Integer> learned(Set<Integer> ids) {
    Set<Integer> learned = new LinkedHashSet<>(ids);
    learned.removeIf(
        id ->
            !pairs.mayLearn(id)
                || epoch.distinct().noneMatch(row -> pairs.rows().get(row).prefers(id)));
    return learned;
  }

  @Override
  public DataCounts counts() {
    return pairs.counts();
  }

  @Override
  public Map<String, DataCounts> countsByDataset() {
    return DataCounts.byName(pairs.names(), pairs.countsByDataset());
  }

  @Override
  public List<DatasetShare> shares() {
    return epoch.shares();
  }

  @Override
  public long[] hashes() {
    return epoch.hashes(pairs::hashOf);
  }

  @Override
  public String fingerprint() {
    return epoch.fingerprint(pairs.fingerprint());
  }

  @Override
  public void begin(Beginning start) throws IOException {
    reference = new ReferencePass(start, epoch.count(), this::batch, fingerprint()).logProbs();
  }

  @Override
  public MicroBatch microBatch(int[] rows) {
    PairBatch batch = batch(rows);
    PairLogProbs[] references =
        Arrays.stream(rows)
            .mapToObj(row -> requireNonNull(reference[row]))
            .toArray(PairLogProbs[]::new);
    List<String> channels =
        epoch.hasChannels() ? Arrays.stream(rows).mapToObj(epoch::channel).toList() : List.of();
    return new Batch(batch, references, channels, loss);
  }

  private PairBatch batch(int[] rows) {
    return PairBatch.of(epoch.rows(rows).mapToObj(pairs.rows()::get).toList());
  }

  /**
   * Pairs of one forward pass.
   *
   * @param channels what metrics call the dataset of each; empty where nobody asks
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Batch(
      PairBatch pairs, PairLogProbs[] references, List<String> channels, SigmoidLoss loss)
      implements MicroBatch {
    @Override
    public TokenBatch tokens() {
      return pairs.tokens();
    }

    @Override
    public int weight() {
      return pairs.pairs();
    }

    @Override
    public OptionalDouble slope() {
      return OptionalDouble.empty();
    }

    @Override
    public Outcome evaluate(float[] logProbs) {
      PairLogProbs[] policies = PairLogProbs.of(pairs, logProbs);
      PairFigures figures = new PairFigures();
      Map<String, Mean> losses = new LinkedHashMap<>();
      double lossSum = 0;
      double[] slopeOfRow = new double[2 * policies.length];
      for (int pair = 0; pair < policies.length; pair++) {
        PairLogProbs policy = policies[pair];
        double preference =
            policy.chosen()
                - references[pair].chosen()
                - (policy.rejected() - references[pair].rejected());
        double own = loss.at(preference);
        lossSum += own;
        if (!channels.isEmpty()) {
          losses.merge(channels.get(pair), new Mean(own, 1), Mean::plus);
        }
        slopeOfRow[pair] = loss.slope(preference);
        slopeOfRow[policies.length + pair] = -slopeOfRow[pair];
        figures.add(loss.beta(), policy, references[pair]);
      }
      float[] gradient = new float[logProbs.length];
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = (float) slopeOfRow[pairs.targetRows()[i]];
      }
      return new Outcome(lossSum, gradient, figures.sums(), losses);
    }
  }

  private record Rows(PreparedRows<Pair> prepared, Pairs pairs, Dpo settings) implements ReadRows {
    @Override
    public int count() {
      return pairs.rows().size();
    }

    @Override
    public DataCounts counts() {
      return pairs.counts();
    }

    @Override
    public Map<String, DataCounts> countsByDataset() {
      return DataCounts.byName(pairs.names(), pairs.countsByDataset());
    }

    @Override
    public String datasetOf(int row) {
      return pairs.names().get(pairs.datasetOf(row));
    }

    @Override
    public void rejected(PreparedRows.RejectedHandler handler) throws IOException {
      prepared.rejected(handler);
    }

    @Override
    public List<ShownRow> shown(int row) {
      Pair pair = pairs.rows().get(row);
      return List.of(
          new ShownRow.Pair(
              pairs.place(row),
              pairs.names().get(pairs.datasetOf(row)),
              pair.prompt(),
              pair.chosen(),
              pair.rejected()));
    }

    @Override
    public long hashOf(int row) {
      return pairs.isPart(row) ? RowHash.of(contentOf(row)) : pairs.hashOf(row);
    }

    @Override
    public List<int[]> contentOf(int row) {
      Pair pair = pairs.rows().get(row);
      return List.of(pair.prompt(), pair.chosen(), pair.rejected());
    }

    @Override
    public Objective objective(int[] chosen, Mixture mixture) {
      return new Preference(pairs.of(chosen), mixture, settings);
    }
  }

  private record Source(RowReader reader) implements ObjectiveSource {
    @Override
    public List<String> notBuilt(Phase phase) {
      List<String> sentences = new ArrayList<>();
      Dpo dpo = phase.dpo();
      if (dpo.lossType() != Dpo.LossType.SIGMOID) {
        sentences.add(
            "dpo.loss_type %s is not built yet; take sigmoid"
                .formatted(dpo.lossType().name().toLowerCase(Locale.ROOT)));
      }
      if (dpo.reference() instanceof Dpo.Reference.Shared) {
        sentences.add("dpo.reference shared is not built yet; leave the key out");
      } else if (dpo.reference() instanceof Dpo.Reference.Checkpoint other) {
        sentences.add(
            "dpo.reference %s, a model's folder, is not built yet; leave the key out"
                .formatted(other.path()));
      }
      if (phase.batch().samplePacking()) {
        sentences.add("sample_packing true is not built yet for pairs; set it to false");
      }
      return sentences;
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
      PreparedRows<Pair> prepared =
          reader.pairs(
              new RowReader.Asked(request.folder(), request.path(key), datasets, phase.rows()),
              new PairEncoders(
                  vocabSize, tokenizer, new ChatEncoder(tokenizer, request.chatTemplate())),
              listener);
      PairFitting fitting = new PairFitting(phase.batch().sequenceLen(), phase.excessLength());
      return new Rows(prepared, fitting.of(prepared, request.path(key)), phase.dpo());
    }
  }
}
