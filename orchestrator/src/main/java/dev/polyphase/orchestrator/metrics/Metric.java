package dev.polyphase.orchestrator.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * The metrics: one table, from which they are registered and against which the README, the
 * dashboard and the alerts are held. Names, units and labels are a contract.
 */
public enum Metric {
  RUN_RUNNING(
      "polyphase_run_running",
      Type.GAUGE,
      Unit.NONE,
      "1 while a process works on the run, 0 once it ended.",
      Label.RUN),
  RUN_PHASES("polyphase_run_phases", Type.GAUGE, Unit.NONE, "The phases of the run.", Label.RUN),
  RUN_LAST_PROGRESS(
      "polyphase_run_last_progress_timestamp_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "When something last happened to the run, in seconds since 1970.",
      Label.RUN),
  RUN_FAILURES(
      "polyphase_run_failures_total",
      Type.COUNTER,
      Unit.NONE,
      "How often the run failed.",
      Label.RUN),
  RUN_WARNINGS(
      "polyphase_run_warnings_total",
      Type.COUNTER,
      Unit.NONE,
      "Sentences of the run that ask for attention.",
      Label.RUN),
  PHASE_INDEX(
      "polyphase_phase_index",
      Type.GAUGE,
      Unit.NONE,
      "The phase that the run is at: its place, counted from 1.",
      Label.RUN,
      Label.PHASE,
      Label.TYPE),
  PHASE_SECONDS_LEFT(
      "polyphase_phase_left_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "How long the phase will still train, from its latest steps.",
      Label.RUN,
      Label.PHASE),
  TRAIN_STEPS(
      "polyphase_train_steps_total",
      Type.COUNTER,
      Unit.NONE,
      "Optimiser steps that were taken.",
      Label.RUN,
      Label.PHASE),
  TRAIN_PLANNED_STEPS(
      "polyphase_train_planned_steps",
      Type.GAUGE,
      Unit.NONE,
      "Optimiser steps that the phase will have taken at its end.",
      Label.RUN,
      Label.PHASE),
  TRAIN_STEP_SECONDS(
      "polyphase_train_step_seconds",
      Type.SUMMARY,
      Unit.SECONDS,
      "The time of optimiser steps, without scans, evaluations and checkpoints between them.",
      Label.RUN,
      Label.PHASE),
  TRAIN_TOKENS(
      "polyphase_train_tokens_total",
      Type.COUNTER,
      Unit.NONE,
      "Tokens that were trained on, padding not counted.",
      Label.RUN,
      Label.PHASE),
  TRAIN_TOKENS_PER_SECOND(
      "polyphase_train_tokens_per_second",
      Type.GAUGE,
      Unit.NONE,
      "Tokens a second over the latest steps.",
      Label.RUN,
      Label.PHASE),
  TRAIN_EPOCH(
      "polyphase_train_epoch",
      Type.GAUGE,
      Unit.NONE,
      "Passes over the phase's rows.",
      Label.RUN,
      Label.PHASE),
  TRAIN_LOSS(
      "polyphase_train_loss",
      Type.GAUGE,
      Unit.NONE,
      "The loss of the latest logged step, NaN where it is no number.",
      Label.RUN,
      Label.PHASE),
  TRAIN_GRAD_NORM(
      "polyphase_train_grad_norm",
      Type.GAUGE,
      Unit.NONE,
      "The norm of the gradient of the latest logged step, before it is clipped.",
      Label.RUN,
      Label.PHASE),
  TRAIN_LEARNING_RATE(
      "polyphase_train_learning_rate",
      Type.GAUGE,
      Unit.NONE,
      "The learning rate of the latest logged step.",
      Label.RUN,
      Label.PHASE),
  TRAIN_REWARD_CHOSEN(
      "polyphase_train_reward_chosen",
      Type.GAUGE,
      Unit.NONE,
      "The mean reward of chosen completions.",
      Label.RUN,
      Label.PHASE),
  TRAIN_REWARD_REJECTED(
      "polyphase_train_reward_rejected",
      Type.GAUGE,
      Unit.NONE,
      "The mean reward of rejected completions.",
      Label.RUN,
      Label.PHASE),
  TRAIN_REWARD_MARGIN(
      "polyphase_train_reward_margin",
      Type.GAUGE,
      Unit.NONE,
      "The mean difference of the rewards of chosen and rejected completions.",
      Label.RUN,
      Label.PHASE),
  TRAIN_REWARD_ACCURACY(
      "polyphase_train_reward_accuracy_ratio",
      Type.GAUGE,
      Unit.RATIO,
      "The share of pairs whose chosen completion has the higher reward.",
      Label.RUN,
      Label.PHASE),
  EVAL_LOSS(
      "polyphase_eval_loss",
      Type.GAUGE,
      Unit.NONE,
      "The loss of held-out rows.",
      Label.RUN,
      Label.PHASE),
  EVAL_REWARD_MARGIN(
      "polyphase_eval_reward_margin",
      Type.GAUGE,
      Unit.NONE,
      "The mean difference of rewards in held-out pairs.",
      Label.RUN,
      Label.PHASE),
  EVAL_REWARD_ACCURACY(
      "polyphase_eval_reward_accuracy_ratio",
      Type.GAUGE,
      Unit.RATIO,
      "The share of held-out pairs whose chosen completion has the higher reward.",
      Label.RUN,
      Label.PHASE),
  SCAN_MODULES(
      "polyphase_scan_modules",
      Type.GAUGE,
      Unit.NONE,
      "The modules of the phase's latest scan.",
      Label.RUN,
      Label.PHASE),
  SCAN_MODULES_DONE(
      "polyphase_scan_modules_done",
      Type.GAUGE,
      Unit.NONE,
      "Those of them that are measured.",
      Label.RUN,
      Label.PHASE),
  SCAN_SECONDS_LEFT(
      "polyphase_scan_left_seconds",
      Type.GAUGE,
      Unit.SECONDS,
      "How long the scan will still take.",
      Label.RUN,
      Label.PHASE),
  SCAN_SECONDS(
      "polyphase_scan_seconds",
      Type.SUMMARY,
      Unit.SECONDS,
      "The time of scans, those on a phase's way among them.",
      Label.RUN,
      Label.PHASE),
  CHECKPOINT_SECONDS(
      "polyphase_checkpoint_seconds",
      Type.SUMMARY,
      Unit.SECONDS,
      "How long training stood still for checkpoints.",
      Label.RUN,
      Label.PHASE),
  CHECKPOINT_BYTES(
      "polyphase_checkpoint_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "What the latest checkpoint takes on the disk.",
      Label.RUN,
      Label.PHASE),
  QUEUE_DEPTH(
      "polyphase_queue_depth",
      Type.GAUGE,
      Unit.NONE,
      "Entries of the queue, by their state.",
      Label.STATE),
  GPU_MEMORY_USED(
      "polyphase_gpu_memory_used_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "Memory of a GPU that all processes use.",
      Label.GPU),
  GPU_MEMORY_TOTAL(
      "polyphase_gpu_memory_total_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "All memory of a GPU.",
      Label.GPU),
  GPU_UTILIZATION(
      "polyphase_gpu_utilization_ratio",
      Type.GAUGE,
      Unit.RATIO,
      "The share of time in which a GPU computed something.",
      Label.GPU),
  DISK_FREE(
      "polyphase_disk_free_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "What can be written to a folder's disk.",
      Label.FOLDER),
  DISK_TOTAL(
      "polyphase_disk_total_bytes",
      Type.GAUGE,
      Unit.BYTES,
      "The size of a folder's disk.",
      Label.FOLDER);

  /** What a metric is to Prometheus. */
  public enum Type {
    /** A value that rises and falls. */
    GAUGE,
    /** A value that rises, named {@code ..._total}. */
    COUNTER,
    /** A number of times and their sum, {@code ..._count} and {@code ..._sum}. */
    SUMMARY;

    /** As the exposition names it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** What a value counts. */
  public enum Unit {
    NONE,
    SECONDS,
    BYTES,
    /** From 0 to 1. */
    RATIO;

    /** In tables; empty for a number of things. */
    public String word() {
      return this == NONE ? "" : name().toLowerCase(Locale.ROOT);
    }
  }

  /** What tells series of a metric apart. */
  public enum Label {
    /** The name of a run. */
    RUN,
    /** The name of a phase. */
    PHASE,
    /** As {@code sft} or {@code dpo}. */
    TYPE,
    /** Of an entry of the queue. */
    STATE,
    /** The number that {@code nvidia-smi} gives it. */
    GPU,
    /** A folder whose disk is looked at. */
    FOLDER;

    /** As Prometheus has it. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final String prometheusName;
  private final Type type;
  private final Unit unit;
  private final String help;

  @SuppressWarnings("ImmutableEnumChecker") // It is made by List.of.
  private final List<Label> labels;

  Metric(String prometheusName, Type type, Unit unit, String help, Label... labels) {
    this.prometheusName = prometheusName;
    this.type = type;
    this.unit = unit;
    this.help = help;
    this.labels = List.of(labels);
  }

  /** As Prometheus has it; a summary's series add {@code _count} and {@code _sum}. */
  public String prometheusName() {
    return prometheusName;
  }

  /** What it is to Prometheus. */
  public Type type() {
    return type;
  }

  /** What its values count. */
  public Unit unit() {
    return unit;
  }

  /** What it tells, in a sentence. */
  public String help() {
    return help;
  }

  /** What tells its series apart. */
  public List<Label> labels() {
    return labels;
  }

  /**
   * Adds a series.
   *
   * @param values those of its labels, in order
   * @param cell what it shows; whoever adds it keeps it
   */
  Meter register(MeterRegistry registry, List<String> values, Cell cell) {
    if (values.size() != labels.size()) {
      throw new IllegalArgumentException(prometheusName + " has " + labels.size() + " labels");
    }
    Tags tags = Tags.empty();
    for (int i = 0; i < values.size(); i++) {
      tags = tags.and(labels.get(i).word(), values.get(i));
    }
    return switch (type) {
      case GAUGE ->
          Gauge.builder(prometheusName, cell, Cell::value)
              .description(help)
              .tags(tags)
              .register(registry);
      case COUNTER ->
          // Micrometer adds the end of the name by itself.
          FunctionCounter.builder(without("_total"), cell, Cell::value)
              .description(help)
              .tags(tags)
              .register(registry);
      case SUMMARY ->
          FunctionTimer.builder(
                  without("_seconds"), cell, Cell::count, Cell::value, TimeUnit.SECONDS)
              .description(help)
              .tags(tags)
              .register(registry);
    };
  }

  private String without(String end) {
    if (!prometheusName.endsWith(end)) {
      throw new IllegalStateException(prometheusName + " must end with " + end);
    }
    return prometheusName.substring(0, prometheusName.length() - end.length());
  }
}
