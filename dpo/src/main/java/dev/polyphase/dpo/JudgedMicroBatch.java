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
import dev.polyphase.phases.objective.Mean;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.Outcome;
import dev.polyphase.pipelines.Kto;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/** Judged completions of one forward pass, N of them. */
final class JudgedMicroBatch implements MicroBatch, MicroBatch.Loss.Computed {
  private static final HeadFigures WANTED = new HeadFigures(true, false);

  private final Rows rows;
  private final Kto settings;
  private final JudgedLosses losses;
  private final @Nullable FirstStepCheck check;

  /** What is of the step is on the device from its beginning on. */
  private @Nullable Placed placed;

  private @Nullable NDArray kl;

  /**
   * What is trained on.
   *
   * @param own prompts with their completions
   * @param mismatched the same prompts with completions that are not theirs; null where the loss
   *     does not look at them
   * @param desirable whether each completion is
   * @param references the reference's log-probabilities of each; empty where it is asked in each
   *     step
   * @param channels what metrics call the dataset of each; empty where nobody asks
   */
  record Rows(
      CompletionBatch own,
      @Nullable CompletionBatch mismatched,
      List<Boolean> desirable,
      List<LogProbs> references,
      List<String> channels) {}

  /**
   * Judged completions.
   *
   * @param check of the losses, where this is in a phase's first step
   */
  JudgedMicroBatch(Rows rows, Kto settings, JudgedLosses losses, @Nullable FirstStepCheck check) {
    this.rows = rows;
    this.settings = settings;
    this.losses = losses;
    this.check = check;
  }

  /**
   * What is known before the forward pass, on the device, {@code [N]} each.
   *
   * @param desirable 1 where a completion is, else 0
   * @param wanted how many of the step's completions are desirable
   * @param unwanted how many are not
   */
  private record Placed(
      PlacedTargets targets, NDArray reference, NDArray desirable, int wanted, int unwanted) {}

  /** How many of its completions are desirable. */
  int desirable() {
    return (int) rows.desirable.stream().filter(desirable -> desirable).count();
  }

  /**
   * Brings it to the device.
   *
   * @param wanted how many of the step's completions are desirable
   * @param unwanted how many are not
   */
  void place(Transformer model, NDManager owner, int wanted, int unwanted) {
    Uploads uploads = model.uploadsToHead();
    double[] desirable = new double[weight()];
    for (int i = 0; i < desirable.length; i++) {
      desirable[i] = rows.desirable.get(i) ? 1 : 0;
    }
    placed =
        new Placed(
            rows.own.placed(uploads, owner),
            reference(rows.own, LogProbs::first, model, owner),
            uploads.of(owner, desirable, desirable.length),
            wanted,
            unwanted);
  }

  /** The reference's log-probabilities of a batch's completions. */
  private NDArray reference(
      CompletionBatch batch, ToDoubleFunction<LogProbs> which, Transformer model, NDManager owner) {
    if (rows.references.isEmpty()) {
      return model.withReference(() -> batch.logps(model, losses::sums, owner));
    }
    double[] known = rows.references.stream().mapToDouble(which).toArray();
    return model.uploadsToHead().of(owner, known, known.length);
  }

  /**
   * What policy and reference say of completions after prompts that are not theirs, {@code [N]}
   * each.
   */
  record Mismatched(NDArray policy, NDArray reference) {}

  Mismatched mismatched(Transformer model, NDManager owner) {
    CompletionBatch batch = requireNonNull(rows.mismatched);
    return new Mismatched(
        batch.logps(model, losses::sums, owner), reference(batch, LogProbs::second, model, owner));
  }

  /** Takes what is known of all of the step's rows. */
  void take(NDArray ofStep) {
    kl = ofStep;
  }

  @Override
  public TokenBatch tokens() {
    return rows.own.tokens();
  }

  @Override
  public int weight() {
    return rows.own.count();
  }

  @Override
  public Loss loss() {
    return this;
  }

  @Override
  public HeadFigures wanted() {
    return WANTED;
  }

  @Override
  public Evaluation at(TargetFigures found, double divisor, NDManager owner) {
    Placed at = requireNonNull(placed, "the step has not begun");
    NDArray moved = requireNonNull(kl, "the step has not begun");
    NDArray logps = losses.sums(found.logProbs(), at.targets, owner);
    JudgedLosses.Found own = losses.at(logps, at.reference, at.desirable, moved, owner);
    NDArray logits = losses.sums(requireNonNull(found.meanLogits()), at.targets, owner);
    NDArray all =
        NDArrays.concat(new NDList(own.losses(), logps, at.reference, logits, moved.reshape(1)));
    all.attach(owner);
    return new Evaluation(losses.spread(own.ofLogps(), at.targets, divisor, owner), all);
  }

  /** Half of its weight, as the sigmoid of 0 is a half. */
  private double lossWhereNothingMoved(boolean desirable) {
    return 0.5 * (desirable ? settings.desirableWeight() : settings.undesirableWeight());
  }

  /**
   * By TRL's names ({@code trl/trainer/kto_trainer.py}): wanted completions are the chosen ones. A
   * kind that no row has has no figures.
   */
  @Override
  public Outcome outcome(double[] found) {
    int count = weight();
    Map<String, Mean> figures = new LinkedHashMap<>();
    Map<String, Mean> byDataset = new LinkedHashMap<>();
    double lossSum = 0;
    for (int i = 0; i < count; i++) {
      lossSum += found[i];
      if (check != null) {
        check.hear(found[i], lossWhereNothingMoved(rows.desirable.get(i)));
      }
      if (!rows.channels.isEmpty()) {
        byDataset.merge(rows.channels.get(i), new Mean(found[i], 1), Mean::plus);
      }
      String kind = rows.desirable.get(i) ? "chosen" : "rejected";
      double logps = found[count + i];
      double reward = settings.beta() * (logps - found[2 * count + i]);
      figures.merge("rewards/" + kind, new Mean(reward, 1), Mean::plus);
      figures.merge("logps/" + kind, new Mean(logps, 1), Mean::plus);
      figures.merge(
          "logits/" + kind, new Mean(found[3 * count + i], rows.own.lengths()[i]), Mean::plus);
    }
    margins(figures);
    figures.put("kl", new Mean(found[4 * count], 1));
    return new Outcome(lossSum, figures, byDataset);
  }

  /** Its part in the difference of the step's two mean rewards, which counts by its rows. */
  private void margins(Map<String, Mean> figures) {
    Placed at = requireNonNull(placed);
    if (at.wanted > 0 && at.unwanted > 0) {
      Mean none = new Mean(0, 0);
      double ofWanted = figures.getOrDefault("rewards/chosen", none).sum() / at.wanted;
      double ofUnwanted = figures.getOrDefault("rewards/rejected", none).sum() / at.unwanted;
      double all = at.wanted + at.unwanted;
      figures.put("rewards/margins", new Mean((ofWanted - ofUnwanted) * all, weight()));
    }
  }
}
