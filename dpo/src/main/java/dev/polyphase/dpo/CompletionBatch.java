package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.data.Example;
import dev.polyphase.data.Pair;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.HeadFigures;
import dev.polyphase.phases.model.Transformer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Completions of one forward pass, each after its prompt. Of P pairs there are 2P, first all that
 * are preferred, then the others: those of pair {@code i} are {@code i} and {@code P + i}. The
 * arrays are not copied.
 *
 * @param tokens the rows; the targets are the completions' tokens, and where likelihoods want them
 *     the prompts'
 * @param lengths how many targets each completion has
 * @param completions the completion that each target belongs to
 * @param counted 1 for each target in a completion, 0 for those in a prompt
 * @param weights what each target counts in its completion's log-probability
 * @param likelihoodWeights what it counts in its negative log-likelihood
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; a list would box every token.
record CompletionBatch(
    TokenBatch tokens,
    double[] lengths,
    long[] completions,
    double[] counted,
    double[] weights,
    double[] likelihoodWeights) {

  /**
   * Batches pairs, at least one, in their order.
   *
   * @param layout how they lie in the batch
   * @param likelihood which targets' likelihoods are wanted
   * @param laterTokens what a target counts that is beyond the length of the pair's shorter
   *     completion (LD-DPO, Liu et al. 2024)
   */
  static CompletionBatch of(
      List<Pair> pairs, Layout layout, LossProgram.Likelihood likelihood, double laterTokens) {
    int count = pairs.size();
    boolean withPrompt = likelihood == LossProgram.Likelihood.CHOSEN_WITH_PROMPT;
    List<Example> rows = new ArrayList<>();
    int[] lengths = new int[2 * count];
    for (int i = 0; i < count; i++) {
      Example row = pairs.get(i).chosenRow();
      lengths[i] = row.lossTokens();
      rows.add(withPrompt ? new Example(row.ids(), row.ids()) : row);
    }
    for (int i = 0; i < count; i++) {
      Example row = pairs.get(i).rejectedRow();
      lengths[count + i] = row.lossTokens();
      rows.add(row);
    }
    TokenBatch tokens =
        layout.of(rows, pairs.stream().mapToInt(pair -> pair.prompt().length).toArray());
    Targets targets = new Targets(tokens.lossTokens());
    for (int i = 0; i < 2 * count; i++) {
      int shorter = Math.min(lengths[i], lengths[(i + count) % (2 * count)]);
      boolean likely = i < count && likelihood != LossProgram.Likelihood.NONE;
      targets.add(i, rows.get(i).lossTokens(), lengths[i], shorter, laterTokens, likely);
    }
    return new CompletionBatch(
        tokens,
        Arrays.stream(lengths).asDoubleStream().toArray(),
        targets.completions,
        targets.counted,
        targets.weights,
        targets.likelihoodWeights);
  }

  /**
   * Batches prompts with one completion each, at least one, in their order.
   *
   * @param layout how they lie in the batch
   */
  static CompletionBatch of(List<Example> rows, Layout layout) {
    TokenBatch tokens = layout.of(rows, new int[0]);
    Targets targets = new Targets(tokens.lossTokens());
    for (int i = 0; i < rows.size(); i++) {
      int length = rows.get(i).lossTokens();
      targets.add(i, length, length, length, 1, false);
    }
    return new CompletionBatch(
        tokens,
        rows.stream().mapToDouble(Example::lossTokens).toArray(),
        targets.completions,
        targets.counted,
        targets.weights,
        targets.likelihoodWeights);
  }

  /** How many completions there are. */
  int count() {
    return lengths.length;
  }

  /** Makes values of completions, {@code [C]}, of those of targets. */
  @FunctionalInterface
  interface Sums {
    NDArray of(NDArray ofTargets, PlacedTargets targets, NDManager owner);
  }

  /** What a model says of completions, {@code [C]}. */
  NDArray logps(Transformer model, Sums sums, NDManager owner) {
    if (tokens.lossTokens() == 0) {
      return model.uploadsToHead().of(owner, new double[count()], count());
    }
    return sums.of(
        model.figures(tokens, HeadFigures.NONE, owner).logProbs(),
        placed(model.uploadsToHead(), owner),
        owner);
  }

  /** The same, waited for. */
  double[] logps(Transformer model, Sums sums) {
    try (NDManager scratch = model.newScratch()) {
      return logps(model, sums, scratch).toDoubleArray();
    }
  }

  /** Brings what is said of targets to the device of their log-probabilities. */
  PlacedTargets placed(Uploads uploads, NDManager owner) {
    return new PlacedTargets(
        count(),
        uploads.of(owner, completions, completions.length),
        uploads.of(owner, counted, counted.length),
        uploads.of(owner, weights, weights.length),
        uploads.of(owner, likelihoodWeights, likelihoodWeights.length));
  }

  /** What is said of targets, filled completion by completion. */
  private static final class Targets {
    private final long[] completions;
    private final double[] counted;
    private final double[] weights;
    private final double[] likelihoodWeights;
    private int next;

    Targets(int count) {
      completions = new long[count];
      counted = new double[count];
      weights = new double[count];
      likelihoodWeights = new double[count];
    }

    /**
     * Adds a row's targets.
     *
     * @param count all of them
     * @param length the last ones, which are in the completion
     * @param shorter how many of these count 1; the others {@code laterTokens}
     */
    void add(
        int completion, int count, int length, int shorter, double laterTokens, boolean likely) {
      for (int i = length - count; i < length; i++, next++) {
        completions[next] = completion;
        counted[next] = i < 0 ? 0 : 1;
        weights[next] = i < 0 ? 0 : i < shorter ? 1 : laterTokens;
        likelihoodWeights[next] = likely ? 1 : 0;
      }
    }
  }
}
