package dev.polyphase.phases.model;

import java.util.List;
import java.util.Map;

/** The second half of a block: what is made of each token alone. */
public sealed interface FeedForward permits Mlp, Experts {
  /** Adds its parameters, in the order of the forward pass. */
  void addTo(BlockTensors tensors, int hiddenSize);

  /** The roles of its linear layers, {@code gate_proj}, in the order of the forward pass. */
  List<String> projections();

  /**
   * What kernels have its methods from; the block calls {@code mlp}, {@code mlp_vjp}, and what they
   * want to know first, {@code trains_mlp} and {@code mlp_reads}.
   */
  List<String> sources();

  /** The constants of its sources beside the indices of weights. */
  Map<String, Object> constants();

  /** What is kept of a token for its derivatives, in bytes. */
  long savedBytesOfToken(BlockPass pass, int hiddenSize);

  /** What a backward pass needs beyond that for a token, in bytes. */
  long backwardBytesOfToken(BlockPass pass, int hiddenSize);
}
