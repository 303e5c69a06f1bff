package dev.polyphase.phases.model;

import dev.polyphase.weights.Checkpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a transformer block is made of: attention and a feed-forward part, both added to the
 * residual stream, and the norms about them. Its tensors, its kernel and the bytes that it keeps
 * follow from here.
 *
 * @param hiddenSize the width of the residual stream
 * @param norm how it norms
 * @param norms where its norms stand
 * @param residualMultiplier what both parts are multiplied by before they are added
 * @param attention mixes the tokens
 * @param feedForward is for each token alone
 */
public record DecoderBlock(
    int hiddenSize,
    RmsNorm norm,
    Norms norms,
    double residualMultiplier,
    Attention attention,
    FeedForward feedForward) {
  private static final String INPUT = "input_layernorm";
  private static final String POST_ATTENTION = "post_attention_layernorm";
  private static final String PRE_FEEDFORWARD = "pre_feedforward_layernorm";
  private static final String POST_FEEDFORWARD = "post_feedforward_layernorm";
  private static final List<String> PLACES_OF_NORMS =
      List.of("before_attention", "behind_attention", "before_feed_forward", "behind_feed_forward");

  /** Where a block's norms stand. Of the same name they may stand at different places. */
  public enum Norms {
    /** Before attention and before the feed-forward part, as in Llama. */
    BEFORE(List.of(INPUT), List.of(), List.of(POST_ATTENTION), List.of()),
    /** Behind both, before they are added, as in OLMo 2. */
    AFTER(List.of(), List.of(POST_ATTENTION), List.of(), List.of(POST_FEEDFORWARD)),
    /** Before and behind both, as in Gemma 2 and 3. */
    AROUND(
        List.of(INPUT),
        List.of(POST_ATTENTION),
        List.of(PRE_FEEDFORWARD),
        List.of(POST_FEEDFORWARD));

    /** None or one. */
    @SuppressWarnings("ImmutableEnumChecker") // They are.
    private final List<String> beforeAttention;

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<String> behindAttention;

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<String> beforeFeedForward;

    @SuppressWarnings("ImmutableEnumChecker")
    private final List<String> behindFeedForward;

    Norms(
        List<String> beforeAttention,
        List<String> behindAttention,
        List<String> beforeFeedForward,
        List<String> behindFeedForward) {
      this.beforeAttention = beforeAttention;
      this.behindAttention = behindAttention;
      this.beforeFeedForward = beforeFeedForward;
      this.behindFeedForward = behindFeedForward;
    }

    private List<String> all() {
      return Stream.of(ofAttention(), ofFeedForward()).flatMap(List::stream).toList();
    }

    private List<String> ofAttention() {
      return Stream.of(beforeAttention, behindAttention).flatMap(List::stream).toList();
    }

    private List<String> ofFeedForward() {
      return Stream.of(beforeFeedForward, behindFeedForward).flatMap(List::stream).toList();
    }

    /** The role of the weight of the norm at each place that the kernel has one at. */
    Map<String, String> weights() {
      Map<String, String> weights = new HashMap<>();
      beforeAttention.forEach(norm -> weights.put("before_attention", norm + ".weight"));
      behindAttention.forEach(norm -> weights.put("behind_attention", norm + ".weight"));
      beforeFeedForward.forEach(norm -> weights.put("before_feed_forward", norm + ".weight"));
      behindFeedForward.forEach(norm -> weights.put("behind_feed_forward", norm + ".weight"));
      return weights;
    }
  }

  /** The same with experts as a checkpoint stores them. */
  DecoderBlock storedIn(Checkpoint checkpoint) {
    return feedForward instanceof Experts experts
        ? new DecoderBlock(
            hiddenSize, norm, norms, residualMultiplier, attention, experts.storedIn(checkpoint))
        : this;
  }

  /**
   * Its parameters by role ({@code q_proj.weight}), in the order of the forward pass and of its
   * kernel's list.
   *
   * @param prefix of their names, {@code model.layers.3.}
   */
  Map<String, Parameter> parameters(String prefix) {
    BlockTensors tensors = new BlockTensors(prefix);
    norms.ofAttention().forEach(module -> tensors.norm("", module, hiddenSize, norm));
    attention.addTo(tensors, hiddenSize, norm);
    norms.ofFeedForward().forEach(module -> tensors.norm("", module, hiddenSize, norm));
    feedForward.addTo(tensors, hiddenSize);
    return tensors.byRole();
  }

  /** The roles of its linear layers, {@code q_proj}, in the order of the forward pass. */
  List<String> projections() {
    List<String> projections = new ArrayList<>(attention.projectionRoles());
    projections.addAll(feedForward.projections());
    return projections;
  }

  /** Of the tokens the share that one of its linear layers is for, on average. */
  public double shareOfTokens(String projection) {
    return feedForward instanceof Experts experts ? experts.shareOfTokens(projection) : 1;
  }

  /** Whether it has experts that say how they were chosen. */
  boolean saysRouting() {
    return feedForward instanceof Experts experts && experts.lossWeight() > 0;
  }

  /** The files of its kernel's source; the first begins the class. */
  List<String> sources() {
    List<String> sources = new ArrayList<>(List.of("block.py"));
    sources.addAll(norm.sources());
    sources.addAll(attention.sources());
    sources.addAll(feedForward.sources());
    sources.add("parts/projection.py");
    return sources;
  }

  /** The constants of its kernel's source beside the indices of weights. */
  Map<String, Object> constants() {
    Map<String, Object> constants = new HashMap<>(attention.constants());
    constants.putAll(feedForward.constants());
    constants.put("rms_norm_eps", norm.eps());
    // The kernel has the indices of the norms that there are.
    for (String place : PLACES_OF_NORMS) {
      constants.put(place, -1);
    }
    constants.put("residual_multiplier", residualMultiplier);
    return constants;
  }

  /**
   * What is kept of a pass for its derivatives, in bytes: the block's output and the sum in its
   * middle; of norms behind a part what they norm; a scale for each norm; and what attention and
   * feed-forward part keep, of prefixes too.
   */
  public long savedBytes(BlockPass pass) {
    int norms = this.norms.all().size();
    long streams = this.norms == Norms.BEFORE ? 2 : 4;
    long ofToken = streams * hiddenSize * pass.computeBytes() + 4L * norms;
    ofToken += attention.savedBytesOfToken(pass);
    ofToken += feedForward.savedBytesOfToken(pass, hiddenSize);
    return pass.padded() * ofToken
        + attention.savedBytesOfPrefixes(pass)
        + attention.savedBytesOfScores(pass);
  }

  /** Whether trained weights that were converted to the compute's dtype are kept. */
  public boolean keepsConverted() {
    return feedForward instanceof Experts;
  }

  /**
   * What a backward pass needs beyond that, in bytes, the gradients of weights left out: the
   * gradients of two arrays of the residual stream and of a norm in float32, and those of the
   * feed-forward part, where most is alive, or of attention's scores; attention's mask.
   */
  public long backwardBytes(BlockPass pass) {
    long ofToken = 2L * hiddenSize * pass.computeBytes() + 16L * hiddenSize;
    long ofFeedForward = pass.padded() * feedForward.backwardBytesOfToken(pass, hiddenSize);
    return pass.padded() * ofToken
        + Math.max(ofFeedForward, attention.backwardBytesOfScores(pass))
        + attention.maskBytes(pass);
  }
}
