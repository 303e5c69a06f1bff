package dev.polyphase.dpo;

import static java.util.Objects.requireNonNull;

import dev.polyphase.data.DataCounts;
import dev.polyphase.data.ReadingListener;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Objective;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.phases.objective.ReadRows;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.tokens.LazyTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The objective of dpo phases: the mean over pairs of a preference loss. */
public final class Preference implements Objective {
  private final Pairs pairs;
  private final SigmoidLoss loss;
  private @Nullable PairLogProbs[] reference = {};

  /** The objective on these pairs. */
  public Preference(Pairs pairs, Dpo settings) {
    this.pairs = pairs;
    this.loss = new SigmoidLoss(settings.beta(), settings.labelSmoothing());
  }

  /** Reads the rows of dpo phases. */
  public static ObjectiveSource source() {
    return new Source();
  }

  @Override
  public int[] tokensOfRow() {
    return pairs.rows().stream().mapToInt(Pair::tokens).toArray();
  }

  @Override
  public BatchSize batchSize(int[] rows) {
    int longest =
        Arrays.stream(rows).map(row -> pairs.rows().get(row).longerRow()).max().orElseThrow();
    return new BatchSize(2 * rows.length, longest);
  }

  @Override
  public List<Place> places(int[] rows) {
    return Arrays.stream(rows).mapToObj(pairs.places()::get).toList();
  }

  /** Of what is preferred: that is what the model learns to say. */
  @Override
  public Set<Integer> learned(Set<Integer> ids) {
    Set<Integer> learned = new LinkedHashSet<>(ids);
    learned.removeIf(id -> pairs.rows().stream().noneMatch(pair -> pair.prefers(id)));
    return learned;
  }

  @Override
  public DataCounts counts() {
    return pairs.counts();
  }

  @Override
  public String fingerprint() {
    return pairs.fingerprint();
  }

  @Override
  public void begin(Beginning start) throws IOException {
    reference = new ReferencePass(start, pairs).logProbs();
  }

  @Override
  public MicroBatch microBatch(int[] rows) {
    PairBatch batch = PairBatch.of(Arrays.stream(rows).mapToObj(pairs.rows()::get).toList());
    PairLogProbs[] references =
        Arrays.stream(rows)
            .mapToObj(row -> requireNonNull(reference[row]))
            .toArray(PairLogProbs[]::new);
    return new Batch(batch, references, loss);
  }

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Batch(PairBatch pairs, PairLogProbs[] references, SigmoidLoss loss)
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
      double lossSum = 0;
      double[] slopeOfRow = new double[2 * policies.length];
      for (int pair = 0; pair < policies.length; pair++) {
        PairLogProbs policy = policies[pair];
        double preference =
            policy.chosen()
                - references[pair].chosen()
                - (policy.rejected() - references[pair].rejected());
        lossSum += loss.at(preference);
        slopeOfRow[pair] = loss.slope(preference);
        slopeOfRow[policies.length + pair] = -slopeOfRow[pair];
        figures.add(loss.beta(), policy, references[pair]);
      }
      float[] gradient = new float[logProbs.length];
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = (float) slopeOfRow[pairs.targetRows()[i]];
      }
      return new Outcome(lossSum, gradient, figures.sums());
    }
  }

  private record Rows(Pairs pairs, Dpo settings) implements ReadRows {
    @Override
    public int count() {
      return pairs.rows().size();
    }

    @Override
    public DataCounts counts() {
      return pairs.counts();
    }

    @Override
    public Objective objective(int[] chosen) {
      return new Preference(pairs.of(chosen), settings);
    }
  }

  private static final class Source implements ObjectiveSource {
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
      PairReader reader =
          new PairReader(phase.batch().sequenceLen(), vocabSize, tokenizer, request.chatTemplate());
      return new Rows(
          reader.read(request.folder(), request.path(key), datasets, listener), phase.dpo());
    }
  }
}
