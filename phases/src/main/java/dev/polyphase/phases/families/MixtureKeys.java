package dev.polyphase.phases.families;

import dev.polyphase.phases.model.Experts;
import dev.polyphase.phases.model.Experts.Form;
import dev.polyphase.phases.model.Experts.Routing;

/**
 * The keys that mixtures of experts have in common.
 *
 * @param count how many experts there are; 0 for none
 * @param chosen how many of them a token goes through
 * @param lossWeight what the loss of routing is multiplied by; 0 where none is asked for
 */
record MixtureKeys(int count, int chosen, double lossWeight) {
  private static final String COUNT = "num_local_experts";
  private static final String OTHER_COUNT = "num_experts";
  private static final String CHOSEN = "num_experts_per_tok";
  private static final String LOSS_WEIGHT = "router_aux_loss_coef";

  /** transformers adds the loss of routing where it is to give what the loss is made of. */
  private static final String LOSS_ASKED = "output_router_logits";

  private static final double DEFAULT_LOSS_WEIGHT = 0.001;

  /**
   * Reads them.
   *
   * @param defaultCount where there is neither key for it
   * @param defaultChosen where there is no key for it
   */
  static MixtureKeys read(ConfigKeys keys, int defaultCount, int defaultChosen) {
    int other = keys.wholeNumberOr(defaultCount, OTHER_COUNT);
    int count = keys.wholeNumberOr(other, COUNT);
    if (keys.has(OTHER_COUNT) && count != other) {
      keys.problem(COUNT, "is %d, but %s is %d".formatted(count, OTHER_COUNT, other));
    }
    int chosen = keys.positiveOr(defaultChosen, CHOSEN);
    if (keys.sound(COUNT, OTHER_COUNT, CHOSEN) && count > 0 && chosen > count) {
      keys.problem(
          CHOSEN, "must be at most the number of experts (%d), found %d".formatted(count, chosen));
    }
    double weight = lossWeight(keys);
    return new MixtureKeys(count, chosen, keys.flag(LOSS_ASKED, false) ? weight : 0);
  }

  /** A mixture of so many, each of this width. */
  Experts experts(int intermediateSize, Routing routing, Form form) {
    return new Experts(count, chosen, intermediateSize, routing, form, lossWeight);
  }

  private static double lossWeight(ConfigKeys keys) {
    boolean isZero = keys.has(LOSS_WEIGHT) && keys.get(LOSS_WEIGHT).asDouble(1) == 0;
    return isZero ? 0 : keys.number(LOSS_WEIGHT, DEFAULT_LOSS_WEIGHT);
  }
}
