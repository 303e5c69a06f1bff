package dev.polyphase.dpo;

import static java.util.Objects.requireNonNull;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Uploads;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.HeadFigures;
import dev.polyphase.phases.model.TargetFigures;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.Margins;
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Outcome;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Pairs of one forward pass, P of them. */
final class PairMicroBatch implements MicroBatch, MicroBatch.Loss.Computed {
  private final Rows rows;
  private final CompletionBatch completions;
  private final List<LogProbs> references;
  private final Margins margins;
  private final PairSettings settings;
  private final LossProgram program;
  private final PairLosses losses;
  private final @Nullable FirstStepCheck check;

  /** What is of the step is on the device from its beginning on. */
  private @Nullable Placed placed;

  /** Where a pair's loss depends on the step's other pairs, what was found of all of them. */
  private PairLosses.@Nullable Found acrossPairs;

  /** What its pairs came to, once that is known. */
  private RewardWatch.Sums outcomes = RewardWatch.Sums.NONE;

  /**
   * What is trained on.
   *
   * @param numbers those of each pair in the epoch
   * @param completions of them
   * @param references the reference's log-probabilities of each; empty where there is no reference,
   *     or it is asked in each step
   * @param channels what metrics call the dataset of each; empty where nobody asks
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record Rows(
      int[] numbers,
      CompletionBatch completions,
      List<LogProbs> references,
      List<String> channels) {}

  /**
   * Pairs.
   *
   * @param margins hear of each
   * @param check of the losses, where this is in a phase's first step
   */
  PairMicroBatch(
      Rows rows,
      PairSettings settings,
      PairLosses losses,
      Margins margins,
      @Nullable FirstStepCheck check) {
    this.rows = rows;
    this.completions = rows.completions;
    this.references = rows.references;
    this.margins = margins;
    this.settings = settings;
    this.program = settings.program();
    this.losses = losses;
    this.check = check;
  }

  /**
   * What is known before the forward pass, on the device.
   *
   * @param reference log-probabilities {@code [2, P]}, 0 where there is no reference
   * @param lengths tokens {@code [2, P]}
   * @param likelihoodScale what makes a mean over the step's pairs of a sum over its tokens
   */
  private record Placed(
      PlacedTargets targets, NDArray reference, NDArray lengths, double likelihoodScale) {}

  /**
   * Brings it to the device.
   *
   * @param likelihoodScale what makes a mean over the step's pairs of a sum over its tokens
   */
  void place(Transformer model, double likelihoodScale, NDManager owner) {
    Uploads uploads = model.uploadsToHead();
    placed =
        new Placed(
            completions.placed(uploads, owner),
            reference(model, owner),
            uploads.of(owner, completions.lengths(), 2, weight()),
            likelihoodScale);
  }

  private NDArray reference(Transformer model, NDManager owner) {
    if (references.isEmpty() && settings.reference().isPresent()) {
      return model
          .withReference(() -> completions.logps(model, losses::logps, owner))
          .reshape(2, weight());
    }
    double[] known = new double[2 * weight()];
    for (int i = 0; i < references.size(); i++) {
      known[i] = references.get(i).first();
      known[weight() + i] = references.get(i).second();
    }
    return model.uploadsToHead().of(owner, known, 2, weight());
  }

  private Placed placed() {
    return requireNonNull(placed, "the step has not begun");
  }

  /** How many tokens the likelihood in the loss is a mean over. */
  double likelihoodTokens() {
    double tokens = 0;
    for (double weight : completions.likelihoodWeights()) {
      tokens += weight;
    }
    return tokens;
  }

  @Override
  public TokenBatch tokens() {
    return completions.tokens();
  }

  @Override
  public int weight() {
    return completions.count() / 2;
  }

  @Override
  public Loss loss() {
    return this;
  }

  @Override
  public HeadFigures wanted() {
    return new HeadFigures(true, program.onPolicy());
  }

  /**
   * What pairs come to before their losses.
   *
   * @param logps log-probabilities {@code [2, P]}
   * @param nll scaled negative log-likelihoods {@code [P]}
   * @param onPolicy weights {@code [2, P]}
   */
  record Sums(NDArray logps, NDArray nll, NDArray onPolicy) {}

  private Sums sums(TargetFigures found, NDManager owner) {
    Placed at = placed();
    NDArray logps = losses.logps(found.logProbs(), at.targets, owner);
    NDArray onPolicy =
        program.onPolicy()
            ? losses.onPolicy(
                found.logProbs(),
                requireNonNull(found.squares()),
                at.targets,
                at.lengths.reshape(-1),
                owner)
            : logps.onesLike();
    return new Sums(
        logps.reshape(2, -1),
        losses.nll(found.logProbs(), at.targets, at.likelihoodScale, owner),
        onPolicy.reshape(2, -1));
  }

  /** The sums without a backward pass, as they are needed of all of a step's pairs at once. */
  Sums sums(Transformer model, NDManager owner) {
    return sums(model.figures(tokens(), wanted(), owner), owner);
  }

  NDArray reference() {
    return placed().reference;
  }

  NDArray lengths() {
    return placed().lengths;
  }

  /** Takes what was found of its pairs among all of the step's. */
  void take(PairLosses.Found found) {
    acrossPairs = found;
  }

  @Override
  public Evaluation at(TargetFigures found, double divisor, NDManager owner) {
    Placed at = placed();
    Sums sums = sums(found, owner);
    PairLosses.Found own =
        acrossPairs == null
            ? losses.at(sums.logps, sums.nll, at.reference, at.lengths, sums.onPolicy, owner)
            : acrossPairs;
    NDArray gradient =
        losses.spread(
            own.ofLogps().reshape(-1), own.ofNll(), at.likelihoodScale, at.targets, divisor, owner);
    NDArray logits =
        losses.sums(requireNonNull(found.meanLogits()), at.targets, at.targets.counted(), owner);
    NDList said =
        new NDList(
            own.losses(),
            sums.logps.reshape(-1),
            at.reference.reshape(-1),
            logits,
            losses.nll(found.logProbs(), at.targets, 1, owner));
    if (check != null) {
      said.add(
          losses
              .at(at.reference, sums.nll, at.reference, at.lengths, sums.onPolicy, owner)
              .losses());
    }
    NDArray all = NDArrays.concat(said);
    all.attach(owner);
    return new Evaluation(gradient, all);
  }

  @Override
  public Outcome outcome(double[] found) {
    int pairs = weight();
    PairFigures figures = new PairFigures(program);
    Map<String, Mean> byDataset = new LinkedHashMap<>();
    double lossSum = 0;
    double likelihood = 0;
    for (int pair = 0; pair < pairs; pair++) {
      double loss = found[pair];
      lossSum += loss;
      likelihood += found[7 * pairs + pair];
      if (!rows.channels.isEmpty()) {
        byDataset.merge(rows.channels.get(pair), new Mean(loss, 1), Mean::plus);
      }
      if (check != null) {
        check.hear(loss, found[8 * pairs + pair]);
      }
      margins.hear(
          rows.numbers[pair],
          figures.add(completion(found, pair), completion(found, pairs + pair)));
    }
    outcomes = figures.sums();
    if (program.likelihood() != LossProgram.Likelihood.NONE) {
      figures.addLikelihood(likelihood, likelihoodTokens());
    }
    return new Outcome(lossSum, figures.means(), byDataset);
  }

  /** What its pairs came to, once the outcome was asked for. */
  RewardWatch.Sums outcomes() {
    return outcomes;
  }

  /** Behind the losses, log-probabilities, reference's and logits of 2P completions each. */
  private PairFigures.Completion completion(double[] found, int completion) {
    int first = weight() + completion;
    int next = completions.count();
    return new PairFigures.Completion(
        found[first],
        found[first + next],
        completions.lengths()[completion],
        found[first + 2 * next]);
  }
}
