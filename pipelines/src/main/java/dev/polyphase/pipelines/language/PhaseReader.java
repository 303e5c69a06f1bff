package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Batch;
import dev.polyphase.pipelines.Defaults;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.LearningRates;
import dev.polyphase.pipelines.Length;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Monitoring;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.TrainedWeights;
import dev.polyphase.pipelines.Warmup;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/** Reads the entries of {@code phases}, inheritance done, and checks {@code defaults}. */
final class PhaseReader {
  /** What stands for the choice by memory. */
  static final String AUTO = "auto";

  private final Set<String> names = new HashSet<>();

  Phase read(Block phase) {
    String name = phase.text("name", Wording.NAME);
    refuseUsedName(phase, name);
    // the stand-in for a misspelt type is the one that allows most, so that nothing else is blamed
    PhaseType type = phase.requiredChoice("type", PhaseType.class, PhaseType.DPO);
    return settings(phase, name, type);
  }

  /** {@code defaults} has every key of a phase but its name and type. */
  static Phase readDefaults(Block defaults) {
    defaults.forbid("name", "can't be inherited; write it in each phase");
    defaults.forbid("type", "can't be inherited; write it in each phase");
    return settings(defaults, "", PhaseType.DPO);
  }

  private static Phase settings(Block phase, String name, PhaseType type) {
    boolean adapted = phase.holds("adapter");
    Targeting targeting = phase.block("targeting", block -> TargetingReader.read(block, adapted));
    var datasets = phase.blocks("datasets", "a list of {path: ...}", DatasetReader::read);
    var evalDatasets =
        phase.blocksIfAny("eval_datasets", "a list of {path: ...}", DatasetReader::read);
    Length length = length(phase);
    double highest = phase.number("learning_rate", Range.above0(Bounds.RATE));
    Evaluation evaluation = EvaluationReader.read(phase, evalDatasets);
    int sequenceLen = phase.count("sequence_len", 2, Bounds.SEQUENCE_LEN, Defaults.SEQUENCE_LEN);
    int microBatchSize =
        phase.count("micro_batch_size", 1, Bounds.MICRO_BATCH_SIZE, Defaults.MICRO_BATCH_SIZE);
    int gradientAccumulationSteps =
        phase.count(
            "gradient_accumulation_steps",
            1,
            Bounds.GRADIENT_ACCUMULATION_STEPS,
            Defaults.GRADIENT_ACCUMULATION_STEPS);
    LrScheduler scheduler = LrSchedulerReader.read(phase, highest);
    Warmup warmup = warmup(phase);
    Optimizer optimizer = OptimizerReader.read(phase);
    double neftuneNoiseAlpha =
        phase.number(
            "neftune_noise_alpha", Range.from0(Bounds.NOISE), Defaults.NEFTUNE_NOISE_ALPHA);
    GradientCheckpointing gradientCheckpointing = gradientCheckpointing(phase);
    Batch batch =
        new Batch(
            sequenceLen,
            microBatchSize,
            gradientAccumulationSteps,
            phase.flag("sample_packing", Defaults.SAMPLE_PACKING),
            phase.flag("shuffle", Defaults.SHUFFLE),
            gradientCheckpointing,
            neftuneNoiseAlpha);
    Monitoring monitoring =
        new Monitoring(
            phase.count("logging_steps", 1, Bounds.STEPS, Defaults.LOGGING_STEPS),
            LossWatchdogReader.read(phase));
    Saving saving =
        new Saving(
            phase.amountIfAny("save_steps", Bounds.STEPS),
            phase.number(
                "save_minutes", Range.from0(Bounds.MINUTES), Defaults.SAVING.saveMinutes()),
            phase.count("save_total_limit", 0, Bounds.STEPS, Defaults.SAVING.saveTotalLimit()));
    LearningRates learningRates =
        new LearningRates(highest, scheduler, warmup, LrBySnrReader.read(phase, targeting));
    Optional<RescanEvery> rescanEvery = RescanEveryReader.read(phase, targeting);
    Dpo dpo = dpo(phase, type);
    return new Phase(
        name,
        type,
        new TrainedWeights(targeting, rescanEvery, adapter(phase, targeting)),
        datasets,
        evaluation,
        length,
        batch,
        learningRates,
        optimizer,
        monitoring,
        saving,
        dpo);
  }

  private static Length length(Block phase) {
    OptionalDouble numEpochs = phase.numberIfAny("num_epochs", Range.above0(Bounds.EPOCHS));
    OptionalLong maxSteps = phase.wholeIfAny("max_steps", 1, Bounds.STEPS);
    OptionalLong maxTokens = phase.wholeIfAny("max_tokens", 1, Bounds.TOKENS);
    boolean endless = numEpochs.isEmpty() && maxSteps.isEmpty() && maxTokens.isEmpty();
    return new Length(
        endless ? OptionalDouble.of(Defaults.NUM_EPOCHS) : numEpochs, maxSteps, maxTokens);
  }

  private static Warmup warmup(Block phase) {
    OptionalLong steps = phase.wholeIfAny("warmup_steps", 0, Bounds.STEPS);
    OptionalDouble ratio = phase.numberIfAny("warmup_ratio", Range.SHARE);
    if (steps.isPresent() && ratio.isPresent()) {
      phase.refuse("warmup_ratio", "stands beside warmup_steps; remove one of them");
    }
    if (ratio.isPresent()) {
      return new Warmup.Ratio(ratio.getAsDouble());
    }
    return steps.isPresent() ? new Warmup.Steps(steps.getAsLong()) : Defaults.WARMUP;
  }

  private static GradientCheckpointing gradientCheckpointing(Block phase) {
    return phase
        .flagOrWord("gradient_checkpointing", AUTO)
        .map(on -> on ? GradientCheckpointing.ON : GradientCheckpointing.OFF)
        .orElse(GradientCheckpointing.AUTO);
  }

  /** An inherited block is for the pipeline's dpo phases; a phase of another type passes it by. */
  private static Dpo dpo(Block phase, PhaseType type) {
    if (type == PhaseType.DPO) {
      return phase.block("dpo", DpoReader::read);
    }
    if (phase.owns("dpo")) {
      phase.refuse(
          "dpo",
          "is for phases of type dpo, but this one's type is %s; remove it or change the type"
              .formatted(Values.word(type)));
    }
    return Defaults.DPO;
  }

  private static Optional<Adapter> adapter(Block phase, Targeting targeting) {
    Optional<Adapter> adapter =
        phase.blockOrWordIfAny("adapter", Adapter.Type.class, AdapterReader::read);
    if (adapter.isPresent() && targeting instanceof Targeting.Full && !phase.isPart()) {
      phase.refuse(
          "adapter",
          "trains small matrices instead of the weights, but targeting.method full trains every"
              + " weight; take method snr or parameters, or remove the adapter");
    }
    return adapter;
  }

  /** Names become folders, and some file systems do not tell cases apart. */
  private void refuseUsedName(Block phase, String name) {
    if (!name.isEmpty() && !names.add(name.toLowerCase(Locale.ROOT))) {
      phase.refuse("name", "is " + name + ", as an earlier phase; give each phase its own name");
    }
  }
}
