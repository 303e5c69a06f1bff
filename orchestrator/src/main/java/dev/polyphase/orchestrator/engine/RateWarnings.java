package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.pipelines.SaveRounding;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a user is told of a phase whose learning rates change nothing, or next to nothing. */
final class RateWarnings {
  /** Of so many values one that can move is next to nothing. */
  private static final long NEXT_TO_NOTHING = 100;

  private RateWarnings() {}

  /** Before training: of rates that can't move what is trained; empty where they can. */
  static Optional<String> before(PlannedPhase planned) {
    String name = planned.phase().name();
    long steps = planned.plan().steps();
    Reach reach = planned.plan().reach();
    if (reach.highestRate() == 0) {
      return Optional.of(
          "phase %s can change nothing: the highest learning rate of its %s is 0, with which a warm-up begins; leave the warm-up out, or train for more steps"
              .formatted(name, counted(steps)));
    }
    if (reach.sampled() == 0 || NEXT_TO_NOTHING * reach.movable() >= reach.sampled()) {
      return Optional.empty();
    }
    return Optional.of(
        String.format(
            Locale.ROOT,
            "phase %s can change %s: the learning rates of its %s add up to %.1e, and move a value by %.1e at most, which is less than half the spacing of %s at %s of %s values looked at; raise learning_rate%s",
            name,
            reach.movable() == 0 ? "nothing" : "next to nothing",
            counted(steps),
            reach.rateSum(),
            reach.farthest(),
            reach.dtype(),
            Numbers.whole(reach.sampled() - reach.movable()),
            Numbers.whole(reach.sampled()),
            reach.dtype().equals("float32") ? "" : ", or set save_dtype: float32"));
  }

  /** After training: where what was saved differs from before in nothing, or in too little. */
  static Optional<String> after(String phase, PhaseResult result, Pipeline pipeline) {
    if (result.savedValues() == 0) {
      return Optional.empty();
    }
    @Nullable Long moved = result.movedValues();
    // By chance a small update is seldom seen in a value, and kept in the mean of many.
    boolean mostAreLost =
        moved != null
            && 2 * result.changedValues() < moved
            && pipeline.saveRounding() == SaveRounding.NEAREST;
    if (moved != null && mostAreLost) {
      return Optional.of(
          String.format(
              Locale.ROOT,
              "phase %s lost most of its updates when it was saved: of %s values that they moved %s (%.1f %%) differ from before once they are rounded; set save_dtype: float32, or save_rounding: stochastic, which keeps small updates in the mean, or raise learning_rate",
              phase,
              Numbers.whole(moved),
              Numbers.whole(result.changedValues()),
              100.0 * result.changedValues() / moved));
    }
    return result.changedValues() > 0
        ? Optional.empty()
        : Optional.of(
            "phase %s changed nothing: of the %s values that it saved 0 differ from before, as its rates are too small or its rows give no gradient; raise learning_rate%s"
                .formatted(
                    phase,
                    Numbers.whole(result.savedValues()),
                    pipeline.saveDtype() == SaveDtype.FLOAT32
                        ? ""
                        : ", or set save_dtype: float32 where they are narrower"));
  }

  private static String counted(long steps) {
    return Numbers.whole(steps) + (steps == 1 ? " step" : " steps");
  }
}
