package dev.polyphase.pipelines.language;

import static java.util.Map.entry;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.LearningRates;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.Monitoring;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.pipelines.SaveRounding;
import dev.polyphase.pipelines.SelectionRule.Mode;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.TrainedWeights;
import dev.polyphase.pipelines.TrainingEngine;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What several keys say together: it may be a problem, and it may change what was read.
 *
 * <p>A phase may inherit what has no effect in it, but not write it. What {@code defaults} lack a
 * phase may have.
 */
final class Rules {
  /** A record as its keys say, and the block that they are in. */
  private interface Rule<T> {
    T apply(T read, Block block);
  }

  private static final Map<Class<?>, Rule<?>> BY_RECORD =
      Map.ofEntries(
          entry(PipelineFile.class, (Rule<PipelineFile>) EngineRules::file),
          entry(Pipeline.class, (Rule<Pipeline>) Rules::pipeline),
          entry(TrainedWeights.class, (Rule<TrainedWeights>) Rules::trained),
          entry(Evaluation.class, (Rule<Evaluation>) EvaluationRules::evaluation),
          entry(LearningRates.class, (Rule<LearningRates>) Rules::learningRates),
          entry(LrBySnr.class, (Rule<LrBySnr>) Rules::lrBySnr),
          entry(Optimizer.class, (Rule<Optimizer>) Rules::optimizer),
          entry(Monitoring.class, (Rule<Monitoring>) Rules::monitoring),
          entry(Rows.class, (Rule<Rows>) Rules::rows),
          entry(Dpo.class, (Rule<Dpo>) DpoRules::dpo),
          entry(TrainingEngine.class, (Rule<TrainingEngine>) EngineRules::engine));

  /** {@code adam_beta2} of {@code lion} by default, as in its paper. */
  private static final double LION_BETA2 = 0.99;

  private Rules() {}

  /** The record once the rules for its class have been applied. */
  @SuppressWarnings("unchecked") // a rule is for the class that it stands by
  static <T> T apply(Class<T> type, T read, Block block) {
    Rule<T> rule = (Rule<T>) BY_RECORD.get(type);
    return rule == null ? read : rule.apply(read, block);
  }

  private static Pipeline pipeline(Pipeline read, Block pipeline) {
    if (read.saveDtype() == SaveDtype.FLOAT32 && read.saveRounding() != SaveRounding.NEAREST) {
      pipeline.refuse(
          "save_rounding",
          "has no effect, since the save_dtype is float32, to which nothing is rounded; remove one"
              + " of them");
    }
    if (read.reportTo().size() > 1 && read.reportTo().contains("none")) {
      pipeline.refuse("report_to", "has none beside others; remove none, or all but it");
    }
    refuseNamesUsedTwice(pipeline.blocks("phases"));
    return read;
  }

  /** Names become folders, and some file systems do not tell cases apart. */
  private static void refuseNamesUsedTwice(List<Block> phases) {
    Set<String> used = new HashSet<>();
    for (Block phase : phases) {
      String name = (String) phase.value("name");
      if (!name.isEmpty() && !used.add(name.toLowerCase(Locale.ROOT))) {
        phase.refuse("name", "is " + name + ", as an earlier phase; give each phase its own name");
      }
    }
  }

  private static TrainedWeights trained(TrainedWeights read, Block phase) {
    Targeting targeting = read.targeting();
    boolean adapted = phase.holds("adapter");
    // or the vocabulary's weights would be trained whole, many times the adapters' size
    if (adapted
        && targeting instanceof Targeting.Snr snr
        && !phase.within("targeting").holds("always_train")) {
      targeting = new Targeting.Snr(snr.rule(), snr.modules(), List.of());
    }
    Optional<Adapter> adapter = read.adapter();
    if (adapter.isPresent() && targeting instanceof Targeting.Full && !phase.isPart()) {
      phase.refuse(
          "adapter",
          "trains small matrices instead of the weights, but targeting.method full trains every"
              + " weight; take method snr or parameters, or remove the adapter");
    }
    return new TrainedWeights(
        targeting, rescanEvery(read.rescanEvery(), targeting, adapted, phase), adapter);
  }

  /** Empty where a rescan can't move a phase to other modules. */
  private static Optional<RescanEvery> rescanEvery(
      Optional<RescanEvery> read, Targeting targeting, boolean adapted, Block phase) {
    Optional<String> fault = rescanFault(targeting, adapted);
    if (fault.isEmpty()) {
      return read;
    }
    refuseIfWritten(phase, "rescan_every", fault.get());
    return Optional.empty();
  }

  private static Optional<String> rescanFault(Targeting targeting, boolean adapted) {
    if (!(targeting instanceof Targeting.Snr snr)) {
      return Optional.of(
          "is for targeting.method snr, which alone measures; write method: snr or remove it");
    }
    Mode mode = snr.rule().mode();
    if (mode == Mode.RANDOM || mode == Mode.ALL) {
      return Optional.of(
          "has no effect, since the mode is %s, which takes the same modules whatever is measured; remove it or take another mode"
              .formatted(Words.of(mode)));
    }
    if (adapted) {
      return Optional.of(
          "moves training to other modules, but adapters stay on theirs for the whole phase; remove one of them");
    }
    return Optional.empty();
  }

  private static LearningRates learningRates(LearningRates read, Block phase) {
    if (phase.value("targeting") instanceof Targeting.Snr) {
      return read;
    }
    refuseIfWritten(
        phase,
        "lr_by_snr",
        "is for targeting.method snr, which alone measures; write method: snr or remove it");
    return new LearningRates(read.highest(), read.scheduler(), read.warmup(), Optional.empty());
  }

  private static LrBySnr lrBySnr(LrBySnr read, Block block) {
    if (read.max() < read.min()) {
      block.refuse(
          "min", "is %s, but max is %s; give a number up to it".formatted(read.min(), read.max()));
    }
    return read;
  }

  private static Optimizer optimizer(Optimizer read, Block phase) {
    boolean muon = read.name() == Optimizer.Name.MUON;
    if (read.offloaded() && muon && phase.owns("optimizer_offload")) {
      phase.refuse(
          "optimizer_offload",
          "makes the updates on the CPU, where those of muon would take minutes a step; take another optimizer, or leave it out");
    }
    boolean lionsOwn = read.name() == Optimizer.Name.LION && !phase.holds("adam_beta2");
    return new Optimizer(
        read.name(),
        read.beta1(),
        lionsOwn ? LION_BETA2 : read.beta2(),
        read.epsilon(),
        read.weightDecay(),
        read.offloaded() && !muon,
        read.maxGradNorm());
  }

  private static Monitoring monitoring(Monitoring read, Block phase) {
    if (!phase.holds("loss_watchdog_threshold")) {
      refuseIfWritten(
          phase,
          "loss_watchdog_patience",
          "has no effect without loss_watchdog_threshold; add that or remove this");
    }
    return read;
  }

  /** A completion is judged whole; what a phase inherits passes it by. */
  private static Rows rows(Rows read, Block phase) {
    if (phase.isPart() || !read.excessLength().equals(Optional.of(Rows.ExcessLength.SPLIT))) {
      return read;
    }
    PhaseType type = (PhaseType) phase.value("type");
    if (type.readsText()) {
      return read;
    }
    refuseIfWritten(
        phase,
        "excess_length_strategy",
        "is split, and %s can't be split; give truncate, truncate_start or drop"
            .formatted(type.readsPairs() ? "a pair" : "a judged completion"));
    return new Rows(
        read.chatTemplate(),
        read.mixBy(),
        read.deduplicate(),
        Optional.empty(),
        read.maxBadRatio(),
        read.strict());
  }

  private static void refuseIfWritten(Block phase, String key, String sentence) {
    if (phase.owns(key) && !phase.isPart()) {
      phase.refuse(key, sentence);
    }
  }
}
