package dev.polyphase.pipelines;

import java.util.List;

/** Which weights a phase trains. */
public sealed interface Targeting {

  /** The seven projections, the module types that are scanned where none are named. */
  List<String> PROJECTIONS =
      List.of(
          "self_attn.q_proj",
          "self_attn.k_proj",
          "self_attn.v_proj",
          "self_attn.o_proj",
          "mlp.gate_proj",
          "mlp.up_proj",
          "mlp.down_proj");

  /**
   * The modules of each type with the best signal-to-noise ratio.
   *
   * @param topPercent how many of each type, in percent, above 0 and at most 100
   * @param modules the module types to rank
   * @param alwaysTrain modules trained whatever their rank, as {@code lm_head}, {@code
   *     embed_tokens}
   */
  record Snr(double topPercent, List<String> modules, List<String> alwaysTrain)
      implements Targeting {
    public Snr {
      modules = List.copyOf(modules);
      alwaysTrain = List.copyOf(alwaysTrain);
    }
  }

  /**
   * The parameters that match any of these patterns, in Axolotl's syntax.
   *
   * @param unfrozenParameters the patterns
   */
  record Parameters(List<String> unfrozenParameters) implements Targeting {
    public Parameters {
      unfrozenParameters = List.copyOf(unfrozenParameters);
    }
  }

  /** Every parameter. */
  record Full() implements Targeting {}
}
