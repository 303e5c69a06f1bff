package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The losses of a phase on pairs, computed in float64 where the log-probabilities are. Of P pairs
 * there are 2P completions, the chosen ones first.
 */
final class PairLosses implements AutoCloseable {
  private final Kernel kernel;

  /**
   * The losses of a program.
   *
   * @param manager of the device that they are computed on
   */
  PairLosses(NDManager manager, LossProgram program) {
    Map<String, Object> constants = new HashMap<>(program.source());
    constants.put("device", Libtorch.deviceName(manager));
    constants.put("on_gpu", manager.getDevice().isGpu() ? "True" : "False");
    this.kernel =
        Kernel.load(
            manager, PairLosses.class, List.of("completions.py", "pair_losses.py"), constants);
  }

  /** The log-probabilities of completions, {@code [2P]}, of those of targets. */
  NDArray logps(NDArray logProbs, PlacedTargets targets, NDManager owner) {
    return sums(logProbs, targets, targets.weights(), owner);
  }

  /** Sums of targets' values by completion, {@code [2P]}. */
  NDArray sums(NDArray ofTargets, PlacedTargets targets, NDArray weights, NDManager owner) {
    return kernel
        .method("sums")
        .with(ofTargets)
        .with(targets.completions())
        .with(weights)
        .withNumber((long) targets.count())
        .runForOne(owner);
  }

  /**
   * The chosen completions' negative log-likelihoods, {@code [P]}.
   *
   * @param scale what they are multiplied by
   */
  NDArray nll(NDArray logProbs, PlacedTargets targets, double scale, NDManager owner) {
    return kernel
        .method("nll")
        .with(logProbs)
        .with(targets.completions())
        .with(targets.likelihoodWeights())
        .withNumber((long) targets.count())
        .withNumber(targets.count() / 2L)
        .withNumber(scale)
        .runForOne(owner);
  }

  /** The weights of completions in WPO, {@code [2, P]}. */
  NDArray onPolicy(
      NDArray logProbs, NDArray squares, PlacedTargets targets, NDArray lengths, NDManager owner) {
    return kernel
        .method("on_policy")
        .with(logProbs)
        .with(squares)
        .with(targets.completions())
        .with(lengths)
        .runForOne(owner);
  }

  /**
   * The losses of pairs, and the slopes of their sum.
   *
   * @param logps of the policy, {@code [2, P]}
   * @param nll as {@link #nll} found it
   * @param reference {@code [2, P]}
   * @param lengths the tokens of completions, {@code [2, P]}
   * @param onPolicy weights {@code [2, P]}
   */
  Found at(
      NDArray logps,
      NDArray nll,
      NDArray reference,
      NDArray lengths,
      NDArray onPolicy,
      NDManager owner) {
    NDList found =
        kernel
            .method("vjp")
            .with(logps)
            .with(nll)
            .with(reference)
            .with(lengths)
            .with(onPolicy)
            .runWithAutograd(owner);
    return new Found(found.get(0), found.get(1), found.get(2));
  }

  /**
   * Losses of pairs.
   *
   * @param losses {@code [P]}
   * @param ofLogps the slope of their sum with respect to each log-probability, {@code [2, P]}
   * @param ofNll with respect to each negative log-likelihood, {@code [P]}
   */
  record Found(NDArray losses, NDArray ofLogps, NDArray ofNll) {}

  /**
   * The slopes of targets, {@code [n]} float32.
   *
   * @param scale as in {@link #nll}
   * @param divisor they are divided by it
   */
  NDArray spread(
      NDArray ofLogps,
      NDArray ofNll,
      double scale,
      PlacedTargets targets,
      double divisor,
      NDManager owner) {
    return kernel
        .method("spread")
        .with(ofLogps)
        .with(ofNll)
        .withNumber(scale)
        .with(targets.completions())
        .with(targets.weights())
        .with(targets.likelihoodWeights())
        .withNumber(divisor)
        .runForOne(owner);
  }

  @Override
  public void close() {
    kernel.close();
  }
}
