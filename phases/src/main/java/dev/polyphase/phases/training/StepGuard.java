package dev.polyphase.phases.training;

import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.checkpoints.Resumable;
import dev.polyphase.phases.checkpoints.StateReader;
import dev.polyphase.phases.checkpoints.StateWriter;
import dev.polyphase.phases.preparation.FailedStep;
import dev.polyphase.phases.preparation.StartingWeights;
import dev.polyphase.pipelines.LossWatchdog;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.weights.FileFailure;
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
final class StepGuard implements Resumable {
  private static final String HIGH_FROM_THE_FIRST =
      "it was as high before anything was learned, so that the rows, the model or the threshold are to be looked at";

  private final String phase;
  private final Optional<LossWatchdog> watchdog;
  private final LastGood lastGood;
  private final StartingWeights start;
  private final Path failedStep;
  private final StateKeeper keeper;
  private int stepsAbove;

  /** Keeps the phase's state as it is before a step that looks bad. */
  interface StateKeeper {
    /** Writes a checkpoint of the state after a step, from which the next attempt goes on. */
    void keep(long step);

    /** Removes the checkpoints of later steps, which are bad. */
    void removeAfter(long step) throws IOException;
  }

  /**
   * A guard of one phase.
   *
   * @param start the weights that the phase began with, which are looked at where a step fails
   * @param failedStep the file that names the rows of a step that fails
   * @param keeper writes checkpoints
   */
  StepGuard(
      Phase phase, LastGood lastGood, StartingWeights start, Path failedStep, StateKeeper keeper) {
    this.keeper = keeper;
    this.phase = phase.name();
    this.watchdog = phase.monitoring().lossWatchdog();
    this.lastGood = lastGood;
    this.start = start;
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
      String fault = "the loss of step %d is %s".formatted(step, loss);
      throw failure(fault, step, evidence, () -> start.adviceAfter(step - 1));
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
    String fault = tooHigh(step, loss, watchdog.get().threshold());
    String advice = step == stepsAbove ? HIGH_FROM_THE_FIRST : StartingWeights.GENTLER;
    throw failure(fault, step, evidence, () -> advice);
  }

  /** Looks at the norm of a step's gradients, as {@link #checkLoss} does at its loss. */
  void checkNorm(long step, double norm, Supplier<FailedStep> evidence) {
    if (!Double.isFinite(norm)) {
      String fault = "the gradients' norm of step %d is %s".formatted(step, norm);
      throw failure(fault, step, evidence, () -> start.adviceAfter(step - 1));
    }
  }

  /**
   * Looks at a figure of held-out rows.
   *
   * @param figure what it is
   * @param step the steps taken before it
   * @throws TrainingFailedException where it is no number
   */
  void checkHeldOut(String figure, long step, double value) throws IOException {
    if (!Double.isFinite(value)) {
      String when = step == 0 ? "before training" : "of step " + step;
      throw new TrainingFailedException(
          "phase %s: the %s %s is %s; %s"
              .formatted(phase, figure, when, value, start.adviceAfter(step)));
    }
  }

  /**
   * The phase goes on after a step. Where an earlier attempt failed at a later one, that step is
   * the last good one, since no checkpoint of those after it was left.
   */
  void resumed(long step) throws IOException {
    if (FailedStep.stepOf(failedStep).orElse(0) > step) {
      lastGood.isThere(step);
    }
  }

  /** Whether the last steps looked bad. */
  boolean suspicious() {
    return stepsAbove > 0;
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
        keepBefore(step);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** Keeps model and state as they were before a step, where that was not done already. */
  private void keepBefore(long step) throws IOException {
    if (lastGood.keptStep() < 0) {
      int withThisStep = stepsAbove;
      stepsAbove = 0;
      keeper.keep(step - 1);
      stepsAbove = withThisStep;
      lastGood.keep(step - 1);
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

  /** What may help; it may take reading all weights, and is asked for where a step has failed. */
  @FunctionalInterface
  private interface Advice {
    String sentence() throws IOException;
  }

  /** Since the step was not taken, the model is still that of the step before. */
  private TrainingFailedException failure(
      String fault, long step, Supplier<FailedStep> evidence, Advice advice) {
    String head = "phase %s: %s; ".formatted(phase, fault);
    try {
      evidence.get().write(failedStep);
      if (step == Math.max(1, stepsAbove)) {
        return new TrainingFailedException(
            head + "its rows are in %s; %s".formatted(failedStep, advice.sentence()));
      }
      keepBefore(step);
      keeper.removeAfter(lastGood.keptStep());
      return new TrainingFailedException(
          head
              + "its rows are in %s, and the model of step %d in %s; %s"
                  .formatted(
                      failedStep, lastGood.keptStep(), lastGood.folder(), advice.sentence()));
    } catch (IOException e) {
      TrainingFailedException failure =
          new TrainingFailedException(
              head
                  + "its rows or the model before it can't be kept: "
                  + FileFailure.sentence(failedStep, e));
      failure.addSuppressed(e);
      return failure;
    }
  }

  @Override
  public void save(StateWriter state) {
    state.put("steps_above", stepsAbove);
    state.put("last_good_step", lastGood.keptStep());
  }

  @Override
  public void restore(StateReader state) {
    stepsAbove = (int) state.number("steps_above");
    lastGood.adopt(state.number("last_good_step"));
  }
}
