package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.Targeting;
import java.util.Optional;

/** Reads {@code lr_by_snr}. */
final class LrBySnrReader {
  private static final String KEY = "lr_by_snr";

  private LrBySnrReader() {}

  /** A phase without SNRs may inherit the mapping, but not write it. */
  static Optional<LrBySnr> read(Block phase, Targeting targeting) {
    if (!phase.holds(KEY)) {
      return Optional.empty();
    }
    LrBySnr factors = phase.block(KEY, LrBySnrReader::factors);
    if (targeting instanceof Targeting.Snr) {
      return Optional.of(factors);
    }
    if (phase.owns(KEY) && !phase.isPart()) {
      phase.refuse(
          KEY, "is for targeting.method snr, which alone measures; write method: snr or remove it");
    }
    return Optional.empty();
  }

  private static LrBySnr factors(Block keys) {
    LrBySnr.Scale scale = keys.requiredChoice("scale", LrBySnr.Scale.class, LrBySnr.Scale.LINEAR);
    double min = keys.number("min", Range.above0(Bounds.RATE), Defaults.LEAST_LR_FACTOR);
    double max = keys.number("max", Range.above0(Bounds.RATE), Defaults.MOST_LR_FACTOR);
    if (max < min) {
      keys.refuse("min", "is %s, but max is %s; give a number up to it".formatted(min, max));
    }
    return new LrBySnr(scale, min, max);
  }
}
