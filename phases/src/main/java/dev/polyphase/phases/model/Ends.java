package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The model's two ends: embedding below the blocks; final norm, head and log-probabilities above.
 */
final class Ends implements AutoCloseable {
  /** At 152,000 words 78 MB in float32. */
  private static final int CHUNK_ON_CPU = 128;

  /** Eight times as much: a GPU has the memory, and small products do not fill it. */
  private static final int CHUNK_ON_GPU = 1024;

  /** Above 98,304 words half of that: it is as fast, and memory is what keeps blocks. */
  private static final long MOST_LOGIT_BYTES = 384L << 20;

  /** In 16 bits of a trained head; at 152,000 words 156 MB. */
  private static final int GROUP_ON_CPU = 512;

  /** A row of the usual length, whose gradient is then one product. */
  private static final int GROUP_ON_GPU = 4096;

  /** The head's, for dropout: blocks count from 0. */
  private static final long PLACE = -1;

  private final ModelTensors tensors;
  private final String embedding;
  private final String finalNorm;
  private final String head;
  private final boolean adapted;
  private final boolean float32;
  private final Kernel kernel;

  /**
   * Both ends.
   *
   * @param manager of the head's place
   * @param precision of the compute
   */
  Ends(
      NDManager manager,
      ModelConfig config,
      ModelLayout layout,
      ModelTensors tensors,
      Adapters adapters,
      Precision precision) {
    this.tensors = tensors;
    this.embedding = layout.embedding();
    this.finalNorm = layout.finalNorm();
    this.head = layout.head();
    this.adapted = adapters.adapt(head);
    this.float32 = precision == Precision.FLOAT32;
    boolean onGpu = manager.getDevice().isGpu();
    Map<String, Object> constants = new HashMap<>(config.ends().constants(precision));
    constants.put("rms_norm_eps", config.norm().eps());
    constants.put("chunk_tokens", chunkTokens(onGpu, config.vocabSize()));
    constants.put("group_tokens", groupTokens(onGpu, precision, config.vocabSize()));
    constants.put("adapter_scale", adapters.scale());
    constants.put("kept_share", 1 - adapters.dropout());
    constants.put("on_gpu", onGpu ? "True" : "False");
    constants.put("device", Libtorch.deviceName(manager));
    this.kernel = Kernel.load(manager, Ends.class, sources(config.norm()), constants);
  }

  /** The files of the kernel's source; the first begins the class. */
  static List<String> sources(RmsNorm norm) {
    List<String> sources = new ArrayList<>(List.of("ends.py"));
    sources.addAll(norm.sources());
    return sources;
  }

  /** The tokens whose logits exist at a time: on a GPU those of 384 MiB in float32, or fewer. */
  static int chunkTokens(boolean onGpu, int vocabulary) {
    int tokens = onGpu ? CHUNK_ON_GPU : CHUNK_ON_CPU;
    while (tokens > CHUNK_ON_CPU && (long) tokens * vocabulary * Float.BYTES > MOST_LOGIT_BYTES) {
      tokens /= 2;
    }
    return tokens;
  }

  /** The tokens whose logits' gradients exist at a time where the head is trained. */
  static int groupTokens(boolean onGpu, Precision precision, int vocabulary) {
    if (precision == Precision.FLOAT32) {
      return chunkTokens(onGpu, vocabulary);
    }
    return onGpu ? GROUP_ON_GPU : GROUP_ON_CPU;
  }

  /** Ids {@code [batch, seq]} to {@code [batch, seq, hidden]} in the precision of {@code like}. */
  NDArray embed(NDArray ids, NDArray like, NDManager scratch) {
    try (NDManager shown = scratch.newSubManager()) {
      return embedding("embed", shown).with(ids).with(like).runForOne(scratch);
    }
  }

  /**
   * The same with uniform noise added.
   *
   * @param bounds the largest noise, of a shape that fits {@code [batch, seq, hidden]}
   * @param seed of the noise, not negative
   */
  NDArray embedWithNoise(NDArray ids, NDArray like, NDArray bounds, long seed, NDManager scratch) {
    return embedding("embed_with_noise", scratch)
        .with(ids)
        .with(like)
        .with(bounds)
        .withNumber(seed)
        .runForOne(scratch);
  }

  void embedBackward(NDArray ids, NDArray gx, Gradients gradients, NDManager scratch) {
    NDArray sum = tensors.gradientToAddTo(embedding, gradients);
    kernel.method("embed_vjp").with(sum).with(ids).with(gx).run(scratch);
  }

  /**
   * The normed rows of {@code x} at flat positions, on the head's device: {@code [n, hidden]}.
   *
   * @param positions on the device of {@code x}
   */
  NDArray pick(NDArray x, NDArray positions, NDManager scratch) {
    return picking("pick", x, positions, scratch).runForOne(scratch);
  }

  /** The gradient of {@code x}, or null where {@code ofInput} is false. */
  @Nullable NDArray pickBackward(
      NDArray x,
      NDArray positions,
      NDArray gh,
      boolean ofInput,
      Gradients gradients,
      NDManager scratch) {
    boolean ofNorm = tensors.trained().contains(finalNorm);
    if (!ofInput && !ofNorm) {
      return null;
    }
    NDList found =
        picking("pick_vjp", x, positions, scratch)
            .withNumbers(flags(ofInput, ofNorm))
            .with(gh)
            .run(scratch);
    if (ofNorm) {
      tensors.addGradient(finalNorm, gradients, found.get(found.size() - 1));
    }
    return ofInput ? found.get(0) : null;
  }

  /** Logits {@code [n, vocabulary]}, float32, of normed rows. */
  NDArray logits(NDArray h, NDManager scratch) {
    return heading("logits", h, DropoutSeeds.NONE, scratch).runForOne(scratch);
  }

  /**
   * What the head says of targets at normed rows, and behind it the log-sum-exps {@code [n]} that
   * {@link #logProbsBackward} wants.
   *
   * @param dropoutSeed of the pass
   */
  Said logProbs(
      NDArray h, NDArray targets, HeadFigures wanted, long dropoutSeed, NDManager scratch) {
    NDList found =
        heading("log_probs", h, dropoutSeed, scratch)
            .with(targets)
            .withNumbers(wanted.flags())
            .run(scratch);
    NDArray norms = found.remove(1);
    return new Said(wanted.of(found), norms);
  }

  /**
   * What the head says of targets.
   *
   * @param figures of each target
   * @param norms the logits' log-sum-exps, {@code [n]}
   */
  record Said(TargetFigures figures, NDArray norms) {}

  /**
   * Which gradients a backward pass through the head is for. Those of an adapted head are both
   * wanted or neither.
   *
   * @param ofInput the normed rows'
   * @param ofHead the head's own, which is trained
   */
  record Wanted(boolean ofInput, boolean ofHead) {
    static final Wanted OF_HEAD = new Wanted(false, true);

    private boolean nothing() {
      return !ofInput && !ofHead;
    }
  }

  /**
   * The gradient of {@code h}, or null where it is not wanted.
   *
   * @param gradient of each log-probability, {@code [n]}
   * @param dropoutSeed as it was in {@link #logProbs}
   */
  @Nullable NDArray logProbsBackward(
      NDArray h,
      NDArray targets,
      NDArray norms,
      NDArray gradient,
      long dropoutSeed,
      Wanted wanted,
      Gradients gradients,
      NDManager scratch) {
    if (wanted.nothing()) {
      return null;
    }
    NDList found =
        heading("log_probs_vjp", h, dropoutSeed, scratch)
            .with(targets)
            .with(norms)
            .with(gradient)
            .withNumbers(flags(wanted, gradients))
            .with(sum(wanted, gradients, h))
            .run(scratch);
    takeHeads(wanted, found, gradients);
    NDArray gh = throughAdapter(h, dropoutSeed, found, gradients, scratch);
    return wanted.ofInput() ? gh : null;
  }

  /**
   * Both at once, where the gradient of every log-probability is the same number: the logits are
   * then computed once.
   *
   * @param dropoutSeed of the pass
   * @return the log-probabilities {@code [n]}, and behind them the gradient of {@code h} if wanted
   */
  NDList logProbsBothWays(
      NDArray h,
      NDArray targets,
      double slope,
      long dropoutSeed,
      Wanted wanted,
      Gradients gradients,
      NDManager scratch) {
    if (wanted.nothing()) {
      return new NDList(
          logProbs(h, targets, HeadFigures.NONE, dropoutSeed, scratch).figures().logProbs());
    }
    NDList found =
        heading("log_probs_and_vjp", h, dropoutSeed, scratch)
            .with(targets)
            .withNumber(slope)
            .withNumbers(flags(wanted, gradients))
            .with(sum(wanted, gradients, h))
            .run(scratch);
    takeHeads(wanted, found, gradients);
    NDList both = new NDList(found.remove(0));
    NDArray gh = throughAdapter(h, dropoutSeed, found, gradients, scratch);
    if (wanted.ofInput() && gh != null) {
      both.add(gh);
    }
    return both;
  }

  /**
   * The same where the head is frozen and each log-probability has a gradient of its own, which may
   * be known only when all of them are: the logits are computed once here as well.
   */
  UnitGradient logProbsAndUnit(NDArray h, NDArray targets, HeadFigures wanted, NDManager scratch) {
    NDList found =
        heading("log_probs_and_unit", h, DropoutSeeds.NONE, scratch)
            .with(targets)
            .withNumbers(wanted.flags())
            .run(scratch);
    return new UnitGradient(wanted.of(found), found.get(found.size() - 1));
  }

  /**
   * What the head says of targets, and what the gradient below it would be.
   *
   * @param figures of each target
   * @param ofInput the gradient of the normed rows {@code [n, hidden]} if that of each
   *     log-probability were 1
   */
  record UnitGradient(TargetFigures figures, NDArray ofInput) {}

  /**
   * The gradient of normed rows, {@code [n, hidden]}.
   *
   * @param unit what {@link #logProbsAndUnit} found, which is changed
   * @param gradient of each log-probability, {@code [n]}
   */
  NDArray scaled(NDArray unit, NDArray gradient, NDManager scratch) {
    return kernel.method("scaled").with(unit).with(gradient).runForOne(scratch);
  }

  /** Whether the gradient of the head's own weight, or of its adapter, is wanted. */
  boolean trainsHead() {
    return adapted || tensors.trained().contains(head);
  }

  @Override
  public void close() {
    kernel.close();
  }

  /** An adapter's own gradient goes through that of its input, which is made in any case. */
  private long[] flags(Wanted wanted, Gradients gradients) {
    long[] both = flags(wanted.ofInput() || adapted, wanted.ofHead());
    long isSummed = makesHeads(wanted, gradients) ? 0 : 1;
    return new long[] {both[0], both[1], isSummed, trainsHead() ? 1 : 0};
  }

  /** Where the gradient of the head's weight, or of B, is added; where there is none, anything. */
  private NDArray sum(Wanted wanted, Gradients gradients, NDArray anything) {
    if (!wanted.ofHead() || makesHeads(wanted, gradients)) {
      return anything;
    }
    return tensors.gradientToAddTo(adapted ? adapterOfHead(Adapters.B) : head, gradients);
  }

  /**
   * Whether the kernel makes the gradient of the head's weight, of 16 bits where it can: there is
   * none in this step yet. A tied head's is a sum in any case, and so is that of a master in
   * float32, which has no use for less.
   */
  private boolean makesHeads(Wanted wanted, Gradients gradients) {
    if (float32 || adapted || !wanted.ofHead() || head.equals(embedding)) {
      return false;
    }
    TrainedTensor weight = tensors.trained().get(head);
    return !Masters.isFloat32(weight.compute()) && !weight.hasGradient(gradients);
  }

  private void takeHeads(Wanted wanted, NDList found, Gradients gradients) {
    if (makesHeads(wanted, gradients)) {
      tensors.addGradient(head, gradients, found.remove(found.size() - 1));
    }
  }

  /** A call of a method of the head, up to the head. */
  private Kernel.Call heading(String method, NDArray h, long dropoutSeed, NDManager scratch) {
    List<NDArray> arrays = new ArrayList<>(List.of(tensors.get(head, scratch)));
    if (adapted) {
      arrays.add(inner("inner", h, dropoutSeed).runForOne(scratch));
      arrays.add(tensors.get(adapterOfHead(Adapters.B), scratch));
    }
    return kernel.method(method).with(h).withList("head", arrays);
  }

  private Kernel.Call inner(String method, NDArray h, long dropoutSeed) {
    return kernel
        .method(method)
        .with(h)
        .with(tensors.get(adapterOfHead(Adapters.A)))
        .withNumber(DropoutSeeds.at(dropoutSeed, PLACE));
  }

  /**
   * Adds the gradient of an adapter's A, where there is one.
   *
   * @param found the gradients of {@code h} and of an adapter's inner values, those that are there
   * @return the gradient of {@code h}; null where there is none
   */
  private @Nullable NDArray throughAdapter(
      NDArray h, long dropoutSeed, NDList found, Gradients gradients, NDManager scratch) {
    if (adapted) {
      NDList through =
          inner("inner_vjp", h, dropoutSeed)
              .with(found.get(1))
              .with(found.get(0))
              .runWithAutograd(scratch);
      found.get(0).close();
      tensors.addGradient(adapterOfHead(Adapters.A), gradients, through.get(1));
      return through.get(0);
    }
    return found.isEmpty() ? null : found.get(0);
  }

  private String adapterOfHead(String which) {
    return Adapters.module(head) + which;
  }

  private Kernel.Call embedding(String method, NDManager owner) {
    return kernel.method(method).with(tensors.get(embedding, owner));
  }

  private Kernel.Call picking(String method, NDArray x, NDArray positions, NDManager owner) {
    return kernel.method(method).with(x).with(tensors.get(finalNorm, owner)).with(positions);
  }

  private static long[] flags(boolean first, boolean second) {
    return new long[] {first ? 1 : 0, second ? 1 : 0};
  }
}
