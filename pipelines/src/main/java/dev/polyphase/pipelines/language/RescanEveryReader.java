package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.SelectionRule.Mode;
import dev.polyphase.pipelines.Targeting;
import java.util.Optional;

/** Reads {@code rescan_every}. */
final class RescanEveryReader {
  /** What stands for the steps of one pass over the rows. */
  static final String EPOCH = "epoch";

  private static final String KEY = "rescan_every";

  private RescanEveryReader() {}

  /** A phase that a rescan can't move to other modules may inherit it, but not write it. */
  static Optional<RescanEvery> read(Block phase, Targeting targeting) {
    Optional<RescanEvery> every =
        phase.wholeOrWordIfAny(
            KEY, 1, Bounds.STEPS, RescanEvery.Steps::new, EPOCH, new RescanEvery.Epoch());
    Optional<String> fault = fault(phase, targeting);
    if (fault.isEmpty()) {
      return every;
    }
    if (phase.owns(KEY) && !phase.isPart()) {
      phase.refuse(KEY, fault.get());
    }
    return Optional.empty();
  }

  private static Optional<String> fault(Block phase, Targeting targeting) {
    if (!(targeting instanceof Targeting.Snr snr)) {
      return Optional.of(
          "is for targeting.method snr, which alone measures; write method: snr or remove it");
    }
    Mode mode = snr.rule().mode();
    if (mode == Mode.RANDOM || mode == Mode.ALL) {
      return Optional.of(
          "has no effect, since the mode is %s, which takes the same modules whatever is measured; remove it or take another mode"
              .formatted(Values.word(mode)));
    }
    if (phase.holds("adapter")) {
      return Optional.of(
          "moves training to other modules, but adapters stay on theirs for the whole phase; remove one of them");
    }
    return Optional.empty();
  }
}
