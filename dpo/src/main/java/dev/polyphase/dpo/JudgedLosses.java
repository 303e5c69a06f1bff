package dev.polyphase.dpo;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.pipelines.Kto;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The losses of a phase on N judged completions, computed in float64 where the log-probabilities
 * are.
 */
final class JudgedLosses implements AutoCloseable {
  private final Kernel kernel;

  /**
   * The loss of a phase.
   *
   * @param manager of the device that it is computed on
   */
  JudgedLosses(NDManager manager, Kto settings) {
    this.kernel =
        Kernel.load(
            manager,
            JudgedLosses.class,
            List.of("completions.py", "judged_losses.py"),
            Map.of(
                "device", Libtorch.deviceName(manager),
                "on_gpu", manager.getDevice().isGpu() ? "True" : "False",
                "beta", settings.beta(),
                "minus_beta", -settings.beta(),
                "desirable_weight", settings.desirableWeight(),
                "undesirable_weight", settings.undesirableWeight(),
                "loss", settings.lossType().name().toLowerCase(Locale.ROOT)));
  }

  /** Sums of targets' values by completion, {@code [N]}. */
  NDArray sums(NDArray ofTargets, PlacedTargets targets, NDManager owner) {
    return kernel
        .method("sums")
        .with(ofTargets)
        .with(targets.completions())
        .with(targets.counted())
        .withNumber((long) targets.count())
        .runForOne(owner);
  }

  /**
   * How far the policy has moved from the reference: the mean log-ratio of completions after
   * prompts that are not theirs, {@code []}, at least 0 (Ethayarajh et al. 2024, section 4.1).
   *
   * @param logps of the policy, {@code [N]}
   */
  NDArray moved(NDArray logps, NDArray reference, NDManager owner) {
    return kernel.method("moved").with(logps).with(reference).runForOne(owner);
  }

  /**
   * The losses of completions, and the slopes of their sum.
   *
   * @param logps of the policy, {@code [N]}
   * @param desirable 1 where a completion is, else 0
   * @param kl as {@link #moved} found it
   */
  Found at(NDArray logps, NDArray reference, NDArray desirable, NDArray kl, NDManager owner) {
    NDList found =
        kernel
            .method("vjp")
            .with(logps)
            .with(reference)
            .with(desirable)
            .with(kl)
            .runWithAutograd(owner);
    return new Found(found.get(0), found.get(1));
  }

  /**
   * Losses of completions.
   *
   * @param losses {@code [N]}
   * @param ofLogps the slope of their sum with respect to each log-probability, {@code [N]}
   */
  record Found(NDArray losses, NDArray ofLogps) {}

  /**
   * The slopes of targets, {@code [n]} float32.
   *
   * @param divisor they are divided by it
   */
  NDArray spread(NDArray ofLogps, PlacedTargets targets, double divisor, NDManager owner) {
    return kernel
        .method("spread")
        .with(ofLogps)
        .with(ofLogps)
        .withNumber(0.0)
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
