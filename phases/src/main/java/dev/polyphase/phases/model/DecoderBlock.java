package dev.polyphase.phases.model;

import dev.polyphase.weights.Checkpoint;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  /** Where a block's norms stand. Of the same name they may stand at different places. */
  public enum Norms {
    /** Before attention and before the feed-forward part, as in Llama. */
    BEFORE("parts/norms_before.py", List.of(INPUT), List.of(POST_ATTENTION)),
    /** Behind both, before they are added, as in OLMo 2. */
    AFTER("parts/norms_after.py", List.of(POST_ATTENTION), List.of(POST_FEEDFORWARD)),
    /** Before and behind both, as in Gemma 2 and 3. */
    AROUND(
        "parts/norms_around.py",
        List.of(INPUT, POST_ATTENTION),
        List.of(PRE_FEEDFORWARD, POST_FEEDFORWARD));

    private final String source;

    @SuppressWarnings("ImmutableEnumChecker") // It is.
    private final List<String> ofAttention;

    @SuppressWarnings("ImmutableEnumChecker") // It is.
    private final List<String> ofFeedForward;

    Norms(String source, List<String> ofAttention, List<String> ofFeedForward) {
      this.source = source;
      this.ofAttention = ofAttention;
      this.ofFeedForward = ofFeedForward;
    }

    private List<String> all() {
      List<String> all = new ArrayList<>(ofAttention);
      all.addAll(ofFeedForward);
      return all;
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
    norms.ofAttention.forEach(module -> tensors.norm("", module, hiddenSize, norm));
    attention.addTo(tensors, hiddenSize, norm);
    norms.ofFeedForward.forEach(module -> tensors.norm("", module, hiddenSize, norm));
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
    List<String> sources = new ArrayList<>(List.of("block.py", norms.source, norm.source()));
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
    constants.put("said", saysRouting() ? 2 : 0);
    constants.put("residual_multiplier", residualMultiplier);
    return constants;
  }

  /**
   * What autograd keeps of a pass, in bytes: the block's output and the sum in its middle, in 16
   * bits both once more in float32 for the norms; of norms behind a part what they norm, in 16 bits
   * in float32; the input of each norm that is trained; and what attention and feed-forward part
   * keep, of prefixes too.
   */
  public long savedBytes(BlockPass pass) {
    long streams = 2;
    long inFloat32 = norms == Norms.AFTER ? 0 : 2;
    if (norms != Norms.BEFORE) {
      streams += pass.float32() ? 2 : 0;
      inFloat32 += 2;
    }
    streams += norms.all().stream().filter(pass::trains).count();
    long ofToken = streams * hiddenSize * pass.computeBytes();
    ofToken += pass.float32() ? 0 : 4 * inFloat32 * hiddenSize;
    ofToken += attention.savedBytesOfToken(pass, hiddenSize);
    ofToken += feedForward.savedBytesOfToken(pass, hiddenSize);
    return pass.padded() * ofToken
        + attention.savedBytesOfPrefixes(pass)
        + attention.savedBytesOfScores(pass);
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
