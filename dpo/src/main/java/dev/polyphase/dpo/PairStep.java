package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import dev.polyphase.phases.model.Transformer;
import dev.polyphase.phases.objective.MicroBatch;
import dev.polyphase.phases.objective.ObjectiveStep;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * A step on pairs. Its loss is the mean over all of them; a likelihood in it is a mean over all of
 * the step's tokens.
 */
final class PairStep implements ObjectiveStep {
  private final List<PairMicroBatch> batches;
  private final LossProgram program;
  private final PairLosses losses;
  private final RewardWatch watch;

  /**
   * A step.
   *
   * @param watch hears of its pairs when it was taken
   */
  PairStep(
      List<PairMicroBatch> batches, LossProgram program, PairLosses losses, RewardWatch watch) {
    this.batches = batches;
    this.program = program;
    this.losses = losses;
    this.watch = watch;
  }

  @Override
  public List<MicroBatch> microBatches() {
    return List.copyOf(batches);
  }

  @Override
  public void begin(Transformer model, NDManager owner) {
    double pairs = batches.stream().mapToInt(PairMicroBatch::weight).sum();
    double tokens = batches.stream().mapToDouble(PairMicroBatch::likelihoodTokens).sum();
    for (PairMicroBatch batch : batches) {
      batch.place(model, tokens == 0 ? 0 : pairs / tokens, owner);
    }
    if (program.acrossPairs() && batches.size() > 1) {
      lookAtAll(model, owner);
    }
  }

  /** A forward pass of each, and their losses at once; each is then told its own slopes. */
  private void lookAtAll(Transformer model, NDManager owner) {
    List<PairMicroBatch.Sums> sums = new ArrayList<>();
    for (PairMicroBatch batch : batches) {
      sums.add(batch.sums(model, owner));
    }
    PairLosses.Found all =
        losses.at(
            joined(sums, PairMicroBatch.Sums::logps, 1, owner),
            joined(sums, PairMicroBatch.Sums::nll, 0, owner),
            joined(batches, PairMicroBatch::reference, 1, owner),
            joined(batches, PairMicroBatch::lengths, 1, owner),
            joined(sums, PairMicroBatch.Sums::onPolicy, 1, owner),
            owner);
    int first = 0;
    for (PairMicroBatch batch : batches) {
      int end = first + batch.weight();
      batch.take(
          new PairLosses.Found(
              part(all.losses(), first + ":" + end, owner),
              part(all.ofLogps(), ":, " + first + ":" + end, owner),
              part(all.ofNll(), first + ":" + end, owner)));
      first = end;
    }
  }

  @Override
  public void taken() {
    watch.hear(
        batches.stream()
            .map(PairMicroBatch::outcomes)
            .reduce(RewardWatch.Sums.NONE, RewardWatch.Sums::plus));
  }

  private static <T> NDArray joined(
      List<T> parts, Function<T, NDArray> arrayOf, int axis, NDManager owner) {
    NDList arrays = new NDList(parts.stream().map(arrayOf).toList());
    NDArray joined = NDArrays.concat(arrays, axis);
    joined.attach(owner);
    return joined;
  }

  private static NDArray part(NDArray whole, String index, NDManager owner) {
    NDArray part = whole.get(new NDIndex(index));
    part.attach(owner);
    return part;
  }
}
