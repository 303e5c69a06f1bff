package dev.polyphase.phases.result;

import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.model.SavedForm;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.pipelines.SaveRounding;
import dev.polyphase.weights.Checkpoint;

/**
 * How a phase's weights are saved, as {@code save_dtype} and {@code save_rounding} say.
 *
 * @param base what the phase began with: with {@code save_dtype: base} each tensor keeps its dtype
 * @param seed by which is rounded, with a tensor's name; another in each phase
 */
public record SavedAs(Checkpoint base, SaveDtype saveDtype, SaveRounding rounding, long seed)
    implements SavedForm {

  /** As a phase's request says. */
  public static SavedAs of(PhaseRequest request, Checkpoint base) {
    return new SavedAs(
        base,
        request.pipeline().saveDtype(),
        request.pipeline().saveRounding(),
        request.pipeline().seed() * 31 + request.phase().name().hashCode());
  }

  @Override
  public Precision precision(String parameter) {
    return Precision.saved(base.find(parameter).orElseThrow(), saveDtype);
  }

  @Override
  public RoundingRule rule(String parameter) {
    return switch (rounding) {
      case NEAREST -> RoundingRule.NEAREST;
      case STOCHASTIC -> new RoundingRule.Stochastic(seed, parameter);
    };
  }
}
