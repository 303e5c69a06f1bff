package dev.polyphase.phases.training;

import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.LossWatchdog;
import dev.polyphase.pipelines.Phase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Judges each step before its update, and ends the phase at one that must not be taken: its loss or
 * its gradients are no numbers, or its loss is the last of several in a row that are too high. A
 * step that was too high, but not the last, is taken; the model before the first of them is kept
 * until the loss has come down.
 */
final class StepGuard {
  private static final String GENTLER = "a lower learning_rate or max_grad_norm may help";

  private final String phase;
  private final Optional<LossWatchdog> watchdog;
  private final LastGood lastGood;
  private final Path failedStep;
  private int stepsAbove;

  /**
   * A guard of one phase.
   *
   * @param failedStep the file that names the rows of a step that fails
   */
  StepGuard(Phase phase, LastGood lastGood, Path failedStep) {
    this.phase = phase.name();
    this.watchdog = phase.lossWatchdog();
    this.lastGood = lastGood;
    this.failedStep = failedStep;
  }

  /**
   * Looks at a step's loss.
   *
   * @param evidence what is known of the step, asked for where it fails
   * @throws TrainingFailedException where the step must not be taken
   */
  void checkLoss(long step, double loss, Supplier<FailedStep> evidence) {
    if (!Double.isFinite(loss)) {
      stepsAbove++;
      throw failure("the loss of step %d is %s".formatted(step, loss), step, evidence);
    }
    if (watchdog.isEmpty() || loss <= watchdog.get().threshold()) {
      recover();
      return;
    }
    stepsAbove++;
    if (stepsAbove < watchdog.get().patience()) {
      suspect(step);
      return;
    }
    throw failure(tooHigh(step, loss, watchdog.get().threshold()), step, evidence);
  }

  /** Looks at the norm of a step's gradients, as {@link #checkLoss} does at its loss. */
  void checkNorm(long step, double norm, Supplier<FailedStep> evidence) {
    if (!Double.isFinite(norm)) {
      throw failure("the gradients' norm of step %d is %s".formatted(step, norm), step, evidence);
    }
  }

  /** The phase is done, whatever its last losses were. */
  void finish() {
    recover();
  }

  private String tooHigh(long step, double loss, double threshold) {
    String fault =
        String.format(
            Locale.ROOT,
            "the loss of step %d is %.4g, above loss_watchdog_threshold %s",
            step,
            loss,
            threshold);
    return stepsAbove == 1
        ? fault
        : fault + " like those of the %d before".formatted(stepsAbove - 1);
  }

  private void suspect(long step) {
    if (stepsAbove == 1 && step > 1) {
      try {
        lastGood.keep();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private void recover() {
    if (stepsAbove > 0) {
      stepsAbove = 0;
      try {
        lastGood.drop();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Since the step was not taken, the model is still that of the step before. */
  private TrainingFailedException failure(String fault, long step, Supplier<FailedStep> evidence) {
    long lastGoodStep = step - Math.max(1, stepsAbove);
    String head = "phase %s: %s; ".formatted(phase, fault);
    try {
      evidence.get().write(failedStep);
      if (lastGoodStep == 0) {
        return new TrainingFailedException(
            head + "its rows are in %s; %s".formatted(failedStep, GENTLER));
      }
      lastGood.keep();
      return new TrainingFailedException(
          head
              + "its rows are in %s, and the model of step %d in %s; %s"
                  .formatted(failedStep, lastGoodStep, lastGood.folder(), GENTLER));
    } catch (IOException e) {
      TrainingFailedException failure =
          new TrainingFailedException(
              head + "its rows or the model before it can't be kept: " + e.getMessage());
      failure.addSuppressed(e);
      return failure;
    }
  }
}
