package dev.polyphase.dpo;

import dev.polyphase.phases.objective.Beginning;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.problems.OperationFailedException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Checks a phase's first step, where policy and reference are the same model: each loss is then
 * what its formula gives for equal log-probabilities, whatever these are, as ln 2 for {@code
 * sigmoid}. A reference that is not this model would show here, and would be followed for the whole
 * phase.
 *
 * @param kept where the reference's log-probabilities are kept
 */
record FirstStepCheck(Path kept) {
  /**
   * What a loss may be off, by as much of it as it is above 1. Both models say the same of the same
   * batch but for the order of sums, and in 16 bits that of long completions.
   */
  private static final double TOLERANCE = 1e-2;

  /** A phase's; empty where its first step has no closed form, or was taken before. */
  static Optional<FirstStepCheck> of(Beginning start, Reference reference, boolean deterministic) {
    boolean same = !(reference instanceof Reference.Checkpoint);
    return start.isFirst() && same && deterministic
        ? Optional.of(new FirstStepCheck(start.kept()))
        : Optional.empty();
  }

  /** Whether a model says the same of the same rows twice: no noise is added, nothing dropped. */
  static boolean isDeterministic(Phase phase) {
    boolean drops = phase.trained().adapter().map(adapter -> adapter.dropout() > 0).orElse(false);
    return !drops && phase.batch().neftuneNoiseAlpha() == 0;
  }

  /**
   * Hears of a loss.
   *
   * @param loss as it is
   * @param closedForm as it must be
   * @throws OperationFailedException if it is another
   */
  void hear(double loss, double closedForm) {
    if (!(Math.abs(loss - closedForm) <= TOLERANCE * Math.max(1, Math.abs(closedForm)))) {
      throw new OperationFailedException(
          String.format(
              Locale.ROOT,
              "a loss in the first step is %.6f, but policy and reference are the same model and it must be %.6f: the reference is not of these weights; remove %s if it is there and start again, or report this",
              loss,
              closedForm,
              kept));
    }
  }
}
