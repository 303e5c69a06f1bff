package dev.polyphase.phases.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a transformer block is made of: attention and an MLP with a norm before each, both added to
 * the residual stream. Its tensors, its kernel and the bytes that it keeps follow from here.
 *
 * @param hiddenSize the width of the residual stream
 * @param rmsNormEps added to the mean square in norms
 * @param attention mixes the tokens
 * @param mlp is for each token alone
 */
public record DecoderBlock(int hiddenSize, double rmsNormEps, Attention attention, Mlp mlp) {
  private static final String ATTENTION_NORM = "input_layernorm";
  private static final String MLP_NORM = "post_attention_layernorm";

  /**
   * Its parameters by role ({@code q_proj.weight}), in the order of the forward pass and of its
   * kernel's list.
   *
   * @param prefix of their names, {@code model.layers.3.}
   */
  Map<String, Parameter> parameters(String prefix) {
    BlockTensors tensors = new BlockTensors(prefix);
    tensors.norm("", ATTENTION_NORM, hiddenSize);
    attention.addTo(tensors, hiddenSize);
    tensors.norm("", MLP_NORM, hiddenSize);
    mlp.addTo(tensors, hiddenSize);
    return tensors.byRole();
  }

  /** The roles of its linear layers, {@code q_proj}, in the order of the forward pass. */
  List<String> projections() {
    List<String> projections = new ArrayList<>(Attention.PROJECTIONS);
    projections.addAll(Mlp.PROJECTIONS);
    return projections;
  }

  /** The files of its kernel's source; the first begins the class. */
  List<String> sources() {
    List<String> sources =
        new ArrayList<>(List.of("block.py", "parts/norms_before.py", "parts/rms_norm.py"));
    sources.addAll(attention.sources());
    sources.addAll(mlp.sources());
    sources.add("parts/projection.py");
    return sources;
  }

  /** The constants of its kernel's source beside the indices of weights. */
  Map<String, Object> constants() {
    Map<String, Object> constants = new HashMap<>(attention.constants());
    constants.put("rms_norm_eps", rmsNormEps);
    return constants;
  }

  /**
   * What autograd keeps of a pass, in bytes: the block's output and the sum in its middle, in 16
   * bits both once more in float32 for the norms; the input of each norm that is trained; and what
   * attention and MLP keep, of prefixes too.
   */
  public long savedBytes(BlockPass pass) {
    long streams = 2;
    streams += pass.trains(ATTENTION_NORM) ? 1 : 0;
    streams += pass.trains(MLP_NORM) ? 1 : 0;
    long ofToken = streams * hiddenSize * pass.computeBytes();
    ofToken += pass.float32() ? 0 : 8L * hiddenSize;
    ofToken += attention.savedBytesOfToken(pass, hiddenSize);
    ofToken += mlp.savedBytesOfToken(pass, hiddenSize);
    return pass.padded() * ofToken + attention.savedBytesOfPrefixes(pass);
  }

  /**
   * What a backward pass needs beyond that, in bytes, the gradients of weights left out: the
   * gradients of two arrays of the residual stream and of a norm in float32, and those of the MLP,
   * where most is alive; attention's mask.
   */
  public long backwardBytes(BlockPass pass) {
    long ofToken =
        2L * hiddenSize * pass.computeBytes() + 16L * hiddenSize + mlp.backwardBytesOfToken(pass);
    return pass.padded() * ofToken + attention.maskBytes(pass);
  }
}
