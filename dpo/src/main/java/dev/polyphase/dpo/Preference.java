package dev.polyphase.dpo;

import static java.util.Objects.requireNonNull;

import dev.polyphase.data.Pair;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.Pairs;
import dev.polyphase.prepared.RowReader;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The objective of phases on pairs: the mean over pairs of a preference loss. */
public final class Preference extends CompletionObjective<Pair> {
  private final Pairs pairs;
  private final PairSettings settings;
  private final Margins margins;
  private @Nullable PairLosses losses;
  private @Nullable RewardWatch watch;

  /** The reference's log-probabilities by row; null where there are none before a step. */
  private @Nullable LogProbs @Nullable [] reference;

  private @Nullable FirstStepCheck check;

  /** The objective on what an epoch has of these pairs. */
  Preference(Pairs pairs, Mixture mixture, PairSettings settings) {
    super(pairs, mixture, settings.packed() ? 2 * settings.sequenceLen() : 0);
    this.pairs = pairs;
    this.settings = settings;
    this.margins = new Margins(count());
  }

  /** Reads the rows of phases on pairs. */
  public static ObjectiveSource source(RowReader reader) {
    return new PairSource(reader);
  }

  @Override
  public BatchSize batchSize(int[] chosen) {
    int[] rows = rows(numbers(chosen));
    int[] tokens = new int[2 * rows.length];
    for (int i = 0; i < rows.length; i++) {
      tokens[i] = pairs.chosenRow(rows[i]);
      tokens[rows.length + i] = pairs.rejectedRow(rows[i]);
    }
    return settings.layout().size(tokens, Arrays.stream(rows).map(pairs::promptTokens).toArray());
  }

  /** A pair as it is trained on. */
  static ShownRow shownPair(Place place, String dataset, Pair pair) {
    return new ShownRow.Pair(place, dataset, pair.prompt(), pair.chosen(), pair.rejected());
  }

  @Override
  ShownRow shown(Place place, String dataset, Pair pair) {
    return shownPair(place, dataset, pair);
  }

  /** That is what the model learns to say. */
  @Override
  boolean teaches(Pair pair, int id) {
    return pair.prefers(id);
  }

  @Override
  public void begin(Beginning start) throws IOException {
    close();
    LossProgram program = settings.program();
    losses = new PairLosses(start.model().ofHead(), program);
    margins.clear();
    watch =
        new RewardWatch(
            program,
            settings.reference().isPresent()
                && !(settings.reference().get() instanceof Reference.Checkpoint),
            start.microBatches().stream().mapToInt(rows -> numbers(rows).length).sum(),
            start.notes());
    check = null;
    if (settings.reference().isEmpty()) {
      return;
    }
    Reference kind = settings.reference().get();
    reference =
        ReferencePass.of(
                kind,
                start,
                new ReferencePass.Epoch(
                    count(), this::numbers, this::said, fingerprint() + program.sums()))
            .orElse(null);
    check = FirstStepCheck.of(start, kind, settings.isDeterministic()).orElse(null);
  }

  @Override
  public Optional<Margins> margins() {
    return Optional.of(margins);
  }

  /** What a model says of pairs, by their numbers in the epoch. */
  private LogProbs[] said(Transformer model, int[] numbers) {
    double[] sums = batch(numbers).logps(model, losses()::logps);
    LogProbs[] found = new LogProbs[numbers.length];
    Arrays.setAll(found, i -> new LogProbs(sums[i], sums[numbers.length + i]));
    return found;
  }

  /** The reference's log-probabilities by row; null where there are none before a step. */
  @Nullable LogProbs @Nullable [] reference() {
    return reference;
  }

  @Override
  public ObjectiveStep step(List<int[]> microBatches) {
    ObjectiveStep step =
        new PairStep(
            microBatches.stream().map(this::microBatch).toList(),
            settings.program(),
            losses(),
            requireNonNull(watch, "the phase has not begun"));
    // Of the first step alone.
    check = null;
    return step;
  }

  private PairMicroBatch microBatch(int[] chosen) {
    int[] numbers = numbers(chosen);
    @Nullable LogProbs @Nullable [] known = reference;
    List<LogProbs> references =
        known == null
            ? List.of()
            : Arrays.stream(numbers).mapToObj(row -> requireNonNull(known[row])).toList();
    return new PairMicroBatch(
        new PairMicroBatch.Rows(numbers, batch(numbers), references, channels(numbers)),
        settings,
        losses(),
        margins,
        check);
  }

  private CompletionBatch batch(int[] numbers) {
    return CompletionBatch.of(
        contents(numbers),
        settings.layout(),
        settings.program().likelihood(),
        settings.program().laterTokens());
  }

  private PairLosses losses() {
    return requireNonNull(losses, "the phase has not begun");
  }

  @Override
  public void close() {
    if (losses != null) {
      losses.close();
      losses = null;
    }
  }
}
