package dev.polyphase.pipelines;

import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * The settings of a {@code dpo} phase, by TRL's names (Rafailov et al. 2023).
 *
 * @param beta the strength of the pull to the reference
 * @param lossTypes which losses are added up; at least one, each once
 * @param lossWeights what each of them is multiplied by; empty for 1
 * @param labelSmoothing the share of pairs believed to be the wrong way round; with {@code sigmoid}
 *     this is cDPO
 * @param discopopTau the temperature of {@code discopop}
 * @param fDivergenceType what holds the policy to the reference
 * @param fAlphaDivergenceCoef the alpha of {@link FDivergence#ALPHA_DIVERGENCE}
 * @param ldAlpha what the tokens of a completion beyond the other's length count, from 0 to 1;
 *     empty for all the same (LD-DPO, Liu et al. 2024)
 * @param useWeighting whether pairs count by how probable the policy finds them (WPO, Zhou et al.
 *     2024)
 * @param reference where the reference log-probabilities come from
 * @param prefixSharing whether the prompt that both completions follow is computed once
 */
public record Dpo(
    @Key(means = "the pull to the reference", absent = "0.1", above = 0, to = 1000) double beta,
    @Key(
            name = "loss_type",
            means =
                "a loss or a list of them, which are added up: `sigmoid`, `hinge`, `ipo`,"
                    + " `exo_pair`, `nca_pair`, `robust`, `bco_pair`, `sppo_hard`, `aot`,"
                    + " `aot_unpaired`, `apo_zero`, `apo_down`, `discopop`, `sft`, `sigmoid_norm`",
            absent = "sigmoid",
            orOne = true)
        List<LossType> lossTypes,
    @Key(
            means = "what each of several losses is multiplied by; 1 where it stays away",
            from = 0,
            to = 1000,
            items = 0,
            spelledOut = false)
        List<Double> lossWeights,
    @Key(
            means =
                "share of pairs the wrong way round, below 0.5, for `sigmoid` (which is cDPO with"
                    + " it), `exo_pair` (which needs it), `robust`, `aot` and `aot_unpaired`",
            absent = "0",
            from = 0,
            below = 0.5)
        double labelSmoothing,
    @Key(means = "temperature of `discopop`", absent = "0.05", above = 0, to = 1000)
        double discopopTau,
    @Key(
            means =
                "what holds the policy to the reference: `reverse_kl`, `forward_kl`,"
                    + " `js_divergence`, `alpha_divergence`; the last three for the losses"
                    + " `sigmoid`, `sigmoid_norm`, `hinge`, `ipo`, `exo_pair`, `robust`,"
                    + " `discopop` and `sft`",
            absent = "reverse_kl")
        FDivergence fDivergenceType,
    @Key(means = "the alpha of `alpha_divergence`", absent = "0.5", from = -100, to = 100)
        double fAlphaDivergenceCoef,
    @Key(
            means =
                "LD-DPO: what the tokens of a completion beyond the other's length count, 0 to 1;"
                    + " as the others where it stays away",
            from = 0,
            to = 1)
        OptionalDouble ldAlpha,
    @Key(
            means =
                "WPO: whether pairs count by how probable the model finds them; not for `aot` and"
                    + " `aot_unpaired`",
            absent = "false")
        boolean useWeighting,
    @Key(means = Dpo.OF_REFERENCE, absent = "precomputed", wanted = Dpo.REFERENCE_IN_WORDS)
        Reference reference,
    @Key(
            means =
                "whether the prompt of both completions is computed once; auto where that is faster",
            absent = "auto")
        PrefixSharing prefixSharing) {

  static final String OF_REFERENCE =
      "the model that the phase starts from, its log-probabilities `precomputed` in one pass, or"
          + " `shared`: in each step by its frozen weights and a copy of the trained ones; or"
          + " another model's folder";

  static final String REFERENCE_IN_WORDS = "precomputed, shared or a model's folder";

  public Dpo {
    lossTypes = List.copyOf(lossTypes);
    lossWeights = List.copyOf(lossWeights);
  }

  /** One loss, and the language's defaults for all else. */
  public Dpo(double beta, LossType lossType, double labelSmoothing) {
    this(
        beta,
        List.of(lossType),
        List.of(),
        labelSmoothing,
        0.05,
        FDivergence.REVERSE_KL,
        0.5,
        OptionalDouble.empty(),
        false,
        new Reference.Precomputed(),
        PrefixSharing.AUTO);
  }

  /** The losses that are added up, with what each is multiplied by. */
  public List<WeightedLoss> losses() {
    return IntStream.range(0, lossTypes.size())
        .mapToObj(
            i -> new WeightedLoss(lossTypes.get(i), lossWeights.isEmpty() ? 1 : lossWeights.get(i)))
        .toList();
  }

  /**
   * One of the losses that are added up.
   *
   * @param type which
   * @param weight what it is multiplied by, at least 0
   */
  public record WeightedLoss(LossType type, double weight) {}

  /** The losses, by TRL's names. */
  public enum LossType {
    SIGMOID,
    HINGE,
    IPO,
    EXO_PAIR,
    NCA_PAIR,
    ROBUST,
    BCO_PAIR,
    SPPO_HARD,
    AOT,
    AOT_UNPAIRED,
    APO_ZERO,
    APO_DOWN,
    DISCOPOP,
    SFT,
    SIGMOID_NORM
  }

  /** What holds the policy to the reference (f-DPO, Wang et al. 2023). */
  public enum FDivergence {
    REVERSE_KL,
    FORWARD_KL,
    JS_DIVERGENCE,
    ALPHA_DIVERGENCE
  }

  /** Whether the prompt that both completions of a pair follow is computed once. */
  public enum PrefixSharing {
    /** Where that is faster. */
    AUTO,
    ON,
    OFF
  }
}
