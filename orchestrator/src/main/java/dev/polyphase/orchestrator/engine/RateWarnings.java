package dev.polyphase.orchestrator.engine;

import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.phases.api.Reach;
import dev.polyphase.pipelines.SaveDtype;
import java.util.Locale;
import java.util.Optional;

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

  /** After training: where nothing that was saved differs from before. */
  static Optional<String> after(String phase, PhaseResult result, SaveDtype saveDtype) {
    return result.changedValues() > 0 || result.savedValues() == 0
        ? Optional.empty()
        : Optional.of(
            "phase %s changed nothing: of the %s values that it saved 0 differ from before, as its rates are too small or its rows give no gradient; raise learning_rate%s"
                .formatted(
                    phase,
                    Numbers.whole(result.savedValues()),
                    saveDtype == SaveDtype.FLOAT32
                        ? ""
                        : ", or set save_dtype: float32 where they are narrower"));
  }

  private static String counted(long steps) {
    return Numbers.whole(steps) + (steps == 1 ? " step" : " steps");
  }
}
