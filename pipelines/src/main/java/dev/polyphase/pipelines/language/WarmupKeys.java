package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Key;
import dev.polyphase.pipelines.Warmup;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/** The keys that say how the learning rate rises. */
record WarmupKeys(
    @Key(
            means = "optimiser steps of rising rate",
            absent = "0",
            unless = "warmup_ratio",
            from = 0,
            to = Key.STEPS,
            rival = "warmup_ratio")
        OptionalLong warmupSteps,
    @Key(means = "their share of the phase instead, 0 to 1; rounded up", from = 0, to = 1)
        OptionalDouble warmupRatio) {

  static final Shape<Warmup> SHAPE =
      Shape.of(WarmupKeys.class, WarmupKeys::warmup, WarmupKeys::write);

  private Warmup warmup(Block phase) {
    if (warmupSteps.isPresent() && warmupRatio.isPresent()) {
      phase.refuse("warmup_ratio", "stands beside warmup_steps; remove one of them");
    }
    return warmupRatio.isPresent()
        ? new Warmup.Ratio(warmupRatio.getAsDouble())
        : new Warmup.Steps(warmupSteps.orElse(0));
  }

  private static void write(Warmup warmup, Map<String, Object> phase) {
    if (warmup instanceof Warmup.Ratio ratio) {
      phase.put("warmup_ratio", ValueTypes.number(ratio.share()));
    } else {
      phase.put("warmup_steps", ((Warmup.Steps) warmup).count());
    }
  }
}
