package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The model's two ends: embedding below the blocks; final norm, head and log-probabilities above.
 */
final class Ends implements AutoCloseable {
  /** Tokens whose logits exist at a time: at 152,000 words 78 MB in float32. */
  static final int CHUNK_TOKENS = 128;

  private final Weights weights;
  private final String head;
  private final Kernel kernel;

  Ends(NDManager manager, ModelConfig config, ModelLayout layout, Weights weights) {
    this.weights = weights;
    this.head = layout.head();
    this.kernel =
        Kernel.load(
            manager,
            Ends.class,
            "ends.py",
            Map.of(
                "rms_norm_eps", config.rmsNormEps(),
                "chunk_tokens", CHUNK_TOKENS,
                "device", Libtorch.deviceName(manager)));
  }

  /** Ids {@code [batch, seq]} to {@code [batch, seq, hidden]} in the precision of {@code like}. */
  NDArray embed(NDArray ids, NDArray like, NDManager scratch) {
    return embedding("embed").with(ids).with(like).runForOne(scratch);
  }

  void embedBackward(NDArray ids, NDArray gx, Gradients gradients, NDManager scratch) {
    gradients.add(
        ModelLayout.EMBEDDING, embedding("embed_vjp").with(ids).with(gx).runForOne(scratch));
  }

  /** The normed rows of {@code x} at flat positions: {@code [n, hidden]}. */
  NDArray pick(NDArray x, NDArray positions, NDManager scratch) {
    return picking("pick", x, positions).runForOne(scratch);
  }

  /** The gradient of {@code x}, or null where {@code ofInput} is false. */
  @Nullable NDArray pickBackward(
      NDArray x,
      NDArray positions,
      NDArray gh,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    boolean ofNorm = weights.trains(ModelLayout.FINAL_NORM);
    if (!ofInput && !ofNorm) {
      return null;
    }
    NDList found =
        picking("pick_vjp", x, positions)
            .withNumbers(flags(ofInput, ofNorm))
            .with(gh)
            .runWithAutograd(scratch);
    if (ofNorm) {
      gradients.add(ModelLayout.FINAL_NORM, found.get(found.size() - 1));
    }
    return ofInput ? found.get(0) : null;
  }

  /** Logits {@code [n, vocabulary]}, float32, of normed rows. */
  NDArray logits(NDArray h, NDManager scratch) {
    return kernel.method("logits").with(h).with(weights.get(head)).runForOne(scratch);
  }

  /** Log-probabilities and log-sum-exps, both {@code [n]}, of targets at normed rows. */
  NDList logProbs(NDArray h, NDArray targets, NDManager scratch) {
    return kernel.method("log_probs").with(h).with(weights.get(head)).with(targets).run(scratch);
  }

  /**
   * The gradient of {@code h}, or null where {@code ofInput} is false.
   *
   * @param gradient of each log-probability, {@code [n]}
   */
  @Nullable NDArray logProbsBackward(
      NDArray h,
      NDArray targets,
      NDArray norms,
      NDArray gradient,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    boolean ofHead = weights.trains(head);
    if (!ofInput && !ofHead) {
      return null;
    }
    NDList found =
        kernel
            .method("log_probs_vjp")
            .with(h)
            .with(weights.get(head))
            .with(targets)
            .with(norms)
            .with(gradient)
            .withNumbers(flags(ofInput, ofHead))
            .run(scratch);
    if (ofHead) {
      gradients.add(head, found.get(found.size() - 1));
    }
    return ofInput ? found.get(0) : null;
  }

  /**
   * Both at once, where the gradient of every log-probability is the same number: the logits are
   * then computed once.
   *
   * @param ofInput whether the gradient of {@code h} is wanted
   * @return the log-probabilities {@code [n]}, and behind them the gradient of {@code h} if wanted
   */
  NDList logProbsBothWays(
      NDArray h,
      NDArray targets,
      double slope,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    boolean ofHead = weights.trains(head);
    if (!ofInput && !ofHead) {
      return new NDList(logProbs(h, targets, scratch).get(0));
    }
    NDList found =
        kernel
            .method("log_probs_and_vjp")
            .with(h)
            .with(weights.get(head))
            .with(targets)
            .withNumber(slope)
            .withNumbers(flags(ofInput, ofHead))
            .run(scratch);
    if (ofHead) {
      gradients.add(head, found.remove(found.size() - 1));
    }
    return found;
  }

  @Override
  public void close() {
    kernel.close();
  }

  private Kernel.Call embedding(String method) {
    return kernel.method(method).with(weights.get(ModelLayout.EMBEDDING));
  }

  private Kernel.Call picking(String method, NDArray x, NDArray positions) {
    return kernel.method(method).with(x).with(weights.get(ModelLayout.FINAL_NORM)).with(positions);
  }

  private static long[] flags(boolean first, boolean second) {
    return new long[] {first ? 1 : 0, second ? 1 : 0};
  }
}
