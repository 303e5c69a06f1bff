package dev.polyphase.dpo;

import static java.util.Objects.requireNonNull;

import dev.polyphase.data.Example;
import dev.polyphase.data.Judged;
import dev.polyphase.phases.api.ShownRow;
import dev.polyphase.phases.batches.Mixture;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.BatchSize;
import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.phases.objective.ObjectiveSource;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.pipelines.Kto;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.prepared.JudgedRows;
import dev.polyphase.prepared.RowReader;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The objective of kto phases: the mean over judged completions of KTO's loss (Ethayarajh et al.
 * 2024).
 *
 * <p>How far the policy has moved is estimated of prompts with completions that are not theirs.
 * Each row has one of these for the whole phase, so that the reference is asked once: that of the
 * row before it in its step of the first epoch, of the first row the last one's. In an epoch whose
 * steps are one forward pass that is TRL's own choice ({@code trl/trainer/kto_trainer.py}).
 */
public final class Judgement extends CompletionObjective<Judged> {
  private final JudgedRows judged;
  private final Phase phase;
  private final Kto settings;

  /** Of each row of the epoch, the row whose completion follows its prompt as well. */
  private int[] others = {};

  private @Nullable JudgedLosses losses;
  private @Nullable LogProbs @Nullable [] reference;
  private @Nullable FirstStepCheck check;

  /** The objective on what an epoch has of these rows. */
  Judgement(JudgedRows judged, Mixture mixture, Phase phase) {
    super(judged, mixture, phase.batch().samplePacking() ? phase.batch().sequenceLen() : 0);
    this.judged = judged;
    this.phase = phase;
    this.settings = phase.kto();
  }

  /** Reads the rows of kto phases. */
  public static ObjectiveSource source(RowReader reader) {
    return new JudgedSource(reader);
  }

  private Layout layout() {
    return phase.batch().samplePacking() ? Layout.PACKED : Layout.PADDED;
  }

  @Override
  public BatchSize batchSize(int[] chosen) {
    int[] tokens = Arrays.stream(rows(numbers(chosen))).map(judged::tokens).toArray();
    return layout().size(tokens, new int[0]);
  }

  /** A completion as it is trained on. */
  static ShownRow shownJudged(Place place, String dataset, Judged row) {
    return new ShownRow.Judged(place, dataset, row.prompt(), row.completion(), row.desirable());
  }

  @Override
  ShownRow shown(Place place, String dataset, Judged row) {
    return shownJudged(place, dataset, row);
  }

  /** What is wanted is what the model learns to say. */
  @Override
  boolean teaches(Judged row, int id) {
    return row.wants(id);
  }

  @Override
  public void begin(Beginning start) throws IOException {
    close();
    losses = new JudgedLosses(start.model().ofHead(), settings);
    others = others(start.microBatches());
    reference =
        ReferencePass.of(
                settings.reference(),
                start,
                new ReferencePass.Epoch(
                    count(), this::numbers, this::said, fingerprint() + " judged"))
            .orElse(null);
    check =
        FirstStepCheck.of(start, settings.reference(), FirstStepCheck.isDeterministic(phase))
            .orElse(null);
  }

  /** The rows of each step of the first epoch, each after the one before it. */
  private int[] others(List<int[]> microBatches) {
    int[] found = new int[count()];
    int perStep = phase.batch().gradientAccumulationSteps();
    for (int first = 0; first < microBatches.size(); first += perStep) {
      int end = Math.min(first + perStep, microBatches.size());
      int[] step =
          microBatches.subList(first, end).stream()
              .flatMapToInt(batch -> Arrays.stream(numbers(batch)))
              .toArray();
      for (int i = 0; i < step.length; i++) {
        found[step[i]] = step[(i + step.length - 1) % step.length];
      }
    }
    return found;
  }

  /** What a model says of rows, by their numbers in the epoch. */
  private LogProbs[] said(Transformer model, int[] numbers) {
    CompletionBatch.Sums sums = requireNonNull(losses, "the phase has not begun")::sums;
    double[] own = own(numbers).logps(model, sums);
    double[] mismatched = looksAtOthers() ? mismatched(numbers).logps(model, sums) : own;
    LogProbs[] found = new LogProbs[numbers.length];
    Arrays.setAll(found, i -> new LogProbs(own[i], mismatched[i]));
    return found;
  }

  private boolean looksAtOthers() {
    return settings.lossType() == Kto.LossType.KTO;
  }

  @Override
  public ObjectiveStep step(List<int[]> microBatches) {
    JudgedLosses ofPhase = requireNonNull(losses, "the phase has not begun");
    JudgedStep step =
        new JudgedStep(
            microBatches.stream().map(chosen -> microBatch(numbers(chosen), ofPhase)).toList(),
            settings,
            ofPhase);
    // Of the first step alone.
    check = null;
    return step;
  }

  private JudgedMicroBatch microBatch(int[] numbers, JudgedLosses ofPhase) {
    @Nullable LogProbs @Nullable [] known = reference;
    JudgedMicroBatch.Rows rows =
        new JudgedMicroBatch.Rows(
            own(numbers),
            looksAtOthers() ? mismatched(numbers) : null,
            Arrays.stream(rows(numbers)).mapToObj(judged::isDesirable).toList(),
            known == null
                ? List.of()
                : Arrays.stream(numbers).mapToObj(row -> requireNonNull(known[row])).toList(),
            channels(numbers));
    return new JudgedMicroBatch(rows, settings, ofPhase, check);
  }

  private CompletionBatch own(int[] numbers) {
    return CompletionBatch.of(contents(numbers).stream().map(Judged::row).toList(), layout());
  }

  /** A completion that would not fit behind the other prompt loses its end. */
  private CompletionBatch mismatched(int[] numbers) {
    List<Judged> rows = contents(numbers);
    List<Judged> strangers = contents(Arrays.stream(numbers).map(row -> others[row]).toArray());
    Example[] mixed = new Example[numbers.length];
    Arrays.setAll(
        mixed,
        i ->
            new Judged(rows.get(i).prompt(), strangers.get(i).completion(), true)
                .upTo(phase.batch().sequenceLen())
                .row());
    return CompletionBatch.of(List.of(mixed), layout());
  }

  @Override
  public void close() {
    if (losses != null) {
      losses.close();
      losses = null;
    }
  }
}
