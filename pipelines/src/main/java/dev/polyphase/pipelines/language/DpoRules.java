package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dpo.FDivergence;
import dev.polyphase.pipelines.Dpo.LossType;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What the keys of {@code dpo} say together. What a loss has no use for is accepted, since people
 * change {@code loss_type} alone, but not what it would be expected to heed.
 */
final class DpoRules {
  /** The losses of the difference of two scores, which a divergence shapes. */
  private static final Set<LossType> OF_SCORES =
      Collections.unmodifiableSet(
          EnumSet.of(
              LossType.SIGMOID,
              LossType.SIGMOID_NORM,
              LossType.HINGE,
              LossType.IPO,
              LossType.EXO_PAIR,
              LossType.ROBUST,
              LossType.DISCOPOP,
              LossType.SFT));

  /** The losses that compare the sorted ratios of all pairs. */
  private static final Set<LossType> SORTING =
      Collections.unmodifiableSet(EnumSet.of(LossType.AOT, LossType.AOT_UNPAIRED));

  private DpoRules() {}

  static Dpo dpo(Dpo read, Block dpo) {
    if (dpo.isPart()) {
      return read; // a phase completes it
    }
    refuseOtherCount(read, dpo);
    if (read.lossTypes().contains(LossType.EXO_PAIR) && read.labelSmoothing() == 0) {
      dpo.refuse(
          "label_smoothing",
          "is 0, of which the loss exo_pair takes the logarithm; give a number above 0, such as"
              + " 0.001");
    }
    List<LossType> sorting = read.lossTypes().stream().filter(SORTING::contains).toList();
    if (read.useWeighting() && !sorting.isEmpty()) {
      dpo.refuse(
          "use_weighting",
          "weighs pairs, which the loss %s takes apart; remove it or take another loss"
              .formatted(listed(sorting)));
    }
    List<LossType> others =
        read.lossTypes().stream().filter(type -> !OF_SCORES.contains(type)).toList();
    if (read.fDivergenceType() != FDivergence.REVERSE_KL && !others.isEmpty()) {
      dpo.refuse(
          "f_divergence_type",
          "is %s, which is defined for losses of the difference of two rewards, and the loss %s is none; give reverse_kl or take another loss"
              .formatted(Words.of(read.fDivergenceType()), listed(others)));
    }
    return read;
  }

  private static void refuseOtherCount(Dpo read, Block dpo) {
    int weights = read.lossWeights().size();
    int losses = read.lossTypes().size();
    if (weights > 0 && weights != losses) {
      dpo.refuse(
          "loss_weights",
          "has %s, but loss_type has %s; give one number for each loss"
              .formatted(
                  weights + (weights == 1 ? " number" : " numbers"),
                  losses + (losses == 1 ? " loss" : " losses")));
    }
  }

  private static String listed(List<LossType> losses) {
    return losses.stream().map(Words::of).collect(Collectors.joining(" and "));
  }
}
