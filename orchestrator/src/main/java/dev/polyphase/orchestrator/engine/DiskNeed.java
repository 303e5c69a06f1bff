package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.engine.ExpectedTarget.TypeCount;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.pipelines.Targeting;
import java.util.ArrayList;
import java.util.List;

/**
 * What a phase writes into its run's folder, in bytes.
 *
 * @param phase its name
 * @param checkpoints how many checkpoints there are at once at the most: those that are kept, and a
 *     new one while it is written
 * @param checkpointBytes one of them
 * @param checkpointsLeft how many of them are left when the phase is done
 * @param modelBytes its result
 * @param bestBytes what it keeps of the best evaluation's weights; 0 where it keeps none
 * @param rescanBytes what it has trained, for rescans to measure: the latest and the one before; 0
 *     where it makes none
 * @param lastGoodBytes the model before a loss that looks bad, where it is watched; else 0
 * @param adapterBytes adapters by themselves, where they are asked for; else 0
 * @param engineBytes what another engine is given, and the trained tensors that it hands back,
 *     which go when the phase is done; roughly, and 0 with the trainer that is built in
 * @param otherBytes scans, logs, its part of the report; roughly
 */
public record DiskNeed(
    String phase,
    long checkpoints,
    long checkpointBytes,
    long checkpointsLeft,
    long modelBytes,
    long bestBytes,
    long rescanBytes,
    long lastGoodBytes,
    long adapterBytes,
    long engineBytes,
    long otherBytes) {
  /** A logged step in {@code metrics.jsonl}, {@code trainer_state.json} and the report. */
  private static final long ROW_BYTES = 1024;

  /** A module in {@code snr.json}, {@code spectra.jsonl} with its quantiles, and the report. */
  private static final long MODULE_BYTES = 3072;

  /** A token of a row, and its label, as text. */
  private static final long TOKEN_BYTES = 12;

  /** The report's page, its pictures and the model card. */
  private static final long PAGE_BYTES = 128 * 1024;

  /** The need of a phase with its settings. */
  static DiskNeed of(PlannedPhase planned) {
    Phase phase = planned.phase();
    PhasePlan plan = planned.plan();
    boolean peft = phase.trained().adapter().filter(a -> a.save() == Adapter.Save.PEFT).isPresent();
    long trained = Float.BYTES * plan.trainedValues();
    return new DiskNeed(
        phase.name(),
        checkpoints(phase, plan.steps()),
        plan.checkpointBytes(),
        left(phase.saving(), checkpoints(phase, plan.steps())),
        plan.resultBytes(),
        phase.evaluation().loadBestModelAtEnd() ? trained : 0,
        Math.min(2, plan.rescans()) * trained,
        phase.monitoring().lossWatchdog().isPresent() ? plan.resultBytes() : 0,
        peft ? trained : 0,
        phase.engine().isPresent() ? TOKEN_BYTES * plan.totalTokens() + trained : 0,
        otherBytes(planned));
  }

  /**
   * Those by time are not known before; there can be one after each step. One is always counted, as
   * a phase that is asked to stop saves its state.
   */
  private static long checkpoints(Phase phase, long steps) {
    Saving saving = phase.saving();
    // Another engine saves by steps alone.
    long bySteps =
        phase
            .engine()
            .map(engine -> steps / engine.checkpointSteps())
            .orElseGet(() -> saving.saveSteps().map(every -> steps / every.of(steps)).orElse(0L));
    boolean byTime = phase.engine().isEmpty() && saving.saveMinutes() > 0;
    long most = byTime ? steps : Math.max(1, bySteps);
    if (saving.saveTotalLimit() == 0) {
      return Math.max(1, bySteps);
    }
    return Math.max(1, Math.min(saving.saveTotalLimit() + 1L, most));
  }

  private static long left(Saving saving, long checkpoints) {
    if (!saving.outlastsThePhase()) {
      return 0;
    }
    return saving.saveTotalLimit() == 0
        ? checkpoints
        : Math.min(saving.saveTotalLimit(), checkpoints);
  }

  private static long otherBytes(PlannedPhase planned) {
    PhasePlan plan = planned.plan();
    long rows = plan.steps() / planned.phase().monitoring().loggingSteps();
    long bytes = PAGE_BYTES + ROW_BYTES * rows;
    if (planned.phase().trained().targeting() instanceof Targeting.Snr) {
      long modules = planned.target().types().stream().mapToLong(TypeCount::modules).sum();
      // A matrix has as many singular values as its shorter side is long.
      double side = Math.sqrt((double) plan.modelValues() / Math.max(1, modules));
      bytes += (1 + plan.rescans()) * (long) (modules * (MODULE_BYTES + Float.BYTES * side));
    }
    return bytes;
  }

  /** What it takes while it trains and when its model is written. */
  long peakBytes() {
    return checkpoints * checkpointBytes
        + modelBytes
        + bestBytes
        + rescanBytes
        + lastGoodBytes
        + adapterBytes
        + engineBytes
        + otherBytes;
  }

  /** What is left of it when it is done. */
  long leftBytes() {
    return checkpointsLeft * checkpointBytes + modelBytes + adapterBytes + otherBytes;
  }

  /** What it is made up of, as {@code 3 checkpoints of 24.10 GiB, a model of 26.00 GiB}. */
  String parts() {
    List<String> parts = new ArrayList<>();
    if (checkpointBytes > 0) {
      parts.add(
          "%d %s of %s"
              .formatted(
                  checkpoints,
                  checkpoints == 1 ? "checkpoint" : "checkpoints",
                  Numbers.bytes(checkpointBytes)));
    }
    parts.add("a model of " + Numbers.bytes(modelBytes));
    add(parts, "the best weights", bestBytes);
    add(parts, "weights to rescan", rescanBytes);
    add(parts, "the last good model", lastGoodBytes);
    add(parts, "adapters", adapterBytes);
    add(parts, "rows and tensors of its engine", engineBytes);
    add(parts, "scans, logs and report", otherBytes);
    return String.join(", ", parts);
  }

  private static void add(List<String> parts, String name, long bytes) {
    if (bytes > 0) {
      parts.add(name + " of " + Numbers.bytes(bytes));
    }
  }
}
