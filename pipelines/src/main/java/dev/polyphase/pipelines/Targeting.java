package dev.polyphase.pipelines;

import java.util.List;

/** Which weights a phase trains. */
public sealed interface Targeting {

  /** The seven projections of models like Llama. */
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
   * The entry of {@code modules} that means a model's own projections: {@link #PROJECTIONS} where
   * it has these. It is what is scanned where no modules are named.
   */
  String MODEL_PROJECTIONS = "projections";

  /**
   * The modules that a rule chooses by their singular values.
   *
   * @param rule how they are ranked and how many are taken
   * @param modules what is ranked: {@link #MODEL_PROJECTIONS}, module types, {@code re:} and a
   *     regular expression, {@code all}
   * @param alwaysTrain modules trained whatever their rank, as {@code lm_head}, {@code
   *     embed_tokens}
   */
  record Snr(SelectionRule rule, List<String> modules, List<String> alwaysTrain)
      implements Targeting {
    public Snr {
      modules = List.copyOf(modules);
      alwaysTrain = List.copyOf(alwaysTrain);
    }

    /** By the published tool's rule, the best {@code topPercent} of the modules of each type. */
    public Snr(double topPercent, List<String> modules, List<String> alwaysTrain) {
      this(SelectionRule.published(topPercent), modules, alwaysTrain);
    }
  }

  /**
   * The parameters that match any of these patterns.
   *
   * @param unfrozenParameters the patterns
   * @param match how they are matched
   */
  record Parameters(List<String> unfrozenParameters, ParameterMatch match) implements Targeting {
    public Parameters {
      unfrozenParameters = List.copyOf(unfrozenParameters);
    }

    /** Patterns that are matched as Axolotl does. */
    public Parameters(List<String> unfrozenParameters) {
      this(unfrozenParameters, ParameterMatch.AXOLOTL);
    }
  }

  /** Every parameter. */
  record Full() implements Targeting {}
}
