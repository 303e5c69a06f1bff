package dev.polyphase.dpo;

import dev.polyphase.data.Pair;
import dev.polyphase.phases.bench.BenchStep;
import dev.polyphase.phases.bench.TransformerStep;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.phases.objective.ObjectiveStep;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Reference;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A step of sigmoid DPO (Rafailov et al. 2023, equation 7) on the same pairs again and again, as a
 * phase takes it, to be measured. Each way to ask the reference gives the same losses.
 */
public final class DpoStep implements BenchStep {
  private static final LossProgram SIGMOID = LossProgram.of(new Dpo(0.1, Dpo.LossType.SIGMOID, 0));

  private final PairLosses losses;
  private final PairSettings settings;
  private final CompletionBatch pairs;

  /** What is known of the reference before each step; nothing where the step itself asks it. */
  private final Supplier<List<LogProbs>> references;

  private final TransformerStep steps;

  private DpoStep(
      Transformer model,
      PairSettings settings,
      CompletionBatch pairs,
      Supplier<List<LogProbs>> references) {
    this.losses = new PairLosses(model.ofHead(), SIGMOID);
    this.settings = settings;
    this.pairs = pairs;
    this.references = references;
    this.steps = new TransformerStep(model, this::step);
  }

  /**
   * Steps that know what the reference says of the pairs.
   *
   * @param model is closed with the step
   */
  public static DpoStep precomputed(Transformer model, List<Pair> pairs, Layout layout) {
    CompletionBatch batch = batch(pairs, layout);
    List<LogProbs> known = said(model, batch);
    return new DpoStep(model, settings(new Reference.Precomputed(), layout), batch, () -> known);
  }

  /**
   * Steps that ask the reference which the model keeps beside what it trains.
   *
   * @param model is closed with the step
   */
  public static DpoStep shared(Transformer model, List<Pair> pairs, Layout layout)
      throws IOException {
    model.keepReference();
    return new DpoStep(
        model, settings(new Reference.Shared(), layout), batch(pairs, layout), List::of);
  }

  /**
   * Steps that ask a second model, whole in memory, as other trainers do. No phase does: this is
   * what the others are compared with.
   *
   * @param model is closed with the step
   * @param reference the second model, which is not
   */
  public static DpoStep separate(
      Transformer model, Transformer reference, List<Pair> pairs, Layout layout) {
    CompletionBatch batch = batch(pairs, layout);
    return new DpoStep(
        model, settings(new Reference.Precomputed(), layout), batch, () -> said(reference, batch));
  }

  /**
   * The pass over the pairs before the first step, in the place of a step.
   *
   * @param model is closed with it
   */
  public static BenchStep referencePass(Transformer model, List<Pair> pairs, Layout layout) {
    CompletionBatch batch = batch(pairs, layout);
    return new BenchStep() {
      @Override
      public void run() {
        said(model, batch);
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }

  private static PairSettings settings(Reference reference, Layout layout) {
    // Packing and lengths matter to the rows of a phase alone; here they are one batch.
    return new PairSettings(
        SIGMOID, Optional.of(reference), layout, false, Integer.MAX_VALUE, true);
  }

  private static CompletionBatch batch(List<Pair> pairs, Layout layout) {
    return CompletionBatch.of(pairs, layout, SIGMOID.likelihood(), SIGMOID.laterTokens());
  }

  private static List<LogProbs> said(Transformer model, CompletionBatch pairs) {
    double[] sums;
    try (PairLosses losses = new PairLosses(model.ofHead(), SIGMOID)) {
      sums = pairs.logps(model, losses::logps);
    }
    int count = pairs.count() / 2;
    List<LogProbs> said = new ArrayList<>();
    for (int pair = 0; pair < count; pair++) {
      said.add(new LogProbs(sums[pair], sums[count + pair]));
    }
    return said;
  }

  private ObjectiveStep step() {
    int count = pairs.count() / 2;
    PairMicroBatch.Rows rows =
        new PairMicroBatch.Rows(
            IntStream.range(0, count).toArray(), pairs, references.get(), List.of());
    PairMicroBatch batch = new PairMicroBatch(rows, settings, losses, new Margins(count), null);
    return new PairStep(
        List.of(batch), SIGMOID, losses, new RewardWatch(SIGMOID, true, count, note -> {}));
  }

  @Override
  public void run() {
    steps.run();
  }

  @Override
  public void close() {
    losses.close();
    steps.close();
  }
}
