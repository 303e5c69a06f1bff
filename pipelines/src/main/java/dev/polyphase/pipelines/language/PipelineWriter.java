package dev.polyphase.pipelines.language;

import dev.polyphase.pipelines.Adapter;
import dev.polyphase.pipelines.Amount;
import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Batch;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.LearningRates;
import dev.polyphase.pipelines.Length;
import dev.polyphase.pipelines.LossWatchdog;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.RescanEvery;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.Warmup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.yaml.snakeyaml.DumperOptions;
import org.yaml.snakeyaml.Yaml;

/** Writes a pipeline as YAML that reads as the same pipeline, with nothing left to defaults. */
public final class PipelineWriter {
  private PipelineWriter() {}

  /** The pipeline file's text: every key that has a value, in a fixed order. */
  public static String toYaml(Pipeline pipeline) {
    DumperOptions options = new DumperOptions();
    options.setDefaultFlowStyle(DumperOptions.FlowStyle.BLOCK);
    options.setSplitLines(false);
    options.setIndicatorIndent(2);
    options.setIndentWithIndicator(true);
    options.setDereferenceAliases(true);
    return new Yaml(options).dump(pipeline(pipeline));
  }

  private static Map<String, Object> pipeline(Pipeline pipeline) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("name", pipeline.name());
    keys.put("base_model", baseModel(pipeline.baseModel()));
    keys.put("output_dir", pipeline.outputDir());
    keys.put("seed", pipeline.seed());
    keys.put(
        "device", pipeline.devices().size() == 1 ? pipeline.devices().get(0) : pipeline.devices());
    keys.put("dtype", Values.word(pipeline.dtype()));
    keys.put("save_dtype", Values.word(pipeline.saveDtype()));
    keys.put("save_rounding", Values.word(pipeline.saveRounding()));
    keys.put("phases", pipeline.phases().stream().map(PipelineWriter::phase).toList());
    return keys;
  }

  private static Object baseModel(BaseModel model) {
    if (model instanceof BaseModel.Random random) {
      Map<String, Object> keys = new LinkedHashMap<>();
      keys.put("init", "random");
      keys.put("config", random.config());
      keys.put("tokenizer", random.tokenizer());
      return keys;
    }
    return ((BaseModel.Existing) model).location();
  }

  private static Map<String, Object> phase(Phase phase) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("name", phase.name());
    keys.put("type", Values.word(phase.type()));
    keys.put("targeting", targeting(phase.trained().targeting()));
    keys.put("datasets", datasets(phase.datasets()));
    evaluation(keys, phase.evaluation());
    length(keys, phase.length());
    Batch batch = phase.batch();
    keys.put("sequence_len", batch.sequenceLen());
    keys.put("micro_batch_size", batch.microBatchSize());
    keys.put("gradient_accumulation_steps", batch.gradientAccumulationSteps());
    LearningRates learningRates = phase.learningRates();
    keys.put("learning_rate", number(learningRates.highest()));
    lrScheduler(keys, learningRates.scheduler());
    warmup(keys, learningRates.warmup());
    optimizer(keys, phase.optimizer());
    keys.put("neftune_noise_alpha", number(batch.neftuneNoiseAlpha()));
    keys.put("gradient_checkpointing", checkpointing(batch.gradientCheckpointing()));
    keys.put("sample_packing", batch.samplePacking());
    keys.put("shuffle", batch.shuffle());
    keys.put("logging_steps", phase.monitoring().loggingSteps());
    phase.monitoring().lossWatchdog().ifPresent(watchdog -> lossWatchdog(keys, watchdog));
    saving(keys, phase.saving());
    learningRates.bySnr().ifPresent(factors -> keys.put("lr_by_snr", lrBySnr(factors)));
    phase.trained().rescanEvery().ifPresent(every -> keys.put("rescan_every", rescanEvery(every)));
    if (phase.type() == PhaseType.DPO) {
      keys.put("dpo", dpo(phase.dpo()));
    }
    phase.trained().adapter().ifPresent(adapter -> keys.put("adapter", adapter(adapter)));
    return keys;
  }

  private static Map<String, Object> targeting(Targeting targeting) {
    Map<String, Object> keys = new LinkedHashMap<>();
    if (targeting instanceof Targeting.Snr snr) {
      keys.put("method", "snr");
      rule(keys, snr.rule());
      keys.put("modules", snr.modules());
      keys.put("always_train", snr.alwaysTrain());
    } else if (targeting instanceof Targeting.Parameters parameters) {
      keys.put("method", "parameters");
      keys.put("unfrozen_parameters", parameters.unfrozenParameters());
      keys.put("match", Values.word(parameters.match()));
    } else {
      keys.put("method", "full");
    }
    return keys;
  }

  private static void rule(Map<String, Object> targeting, SelectionRule rule) {
    if (rule.budget() instanceof SelectionRule.Budget.Percent percent) {
      targeting.put("top_percent", number(percent.percent()));
      targeting.put("top_percent_of", Values.word(percent.of()));
    } else if (rule.budget() instanceof SelectionRule.Budget.MaxParameters most) {
      targeting.put("max_trainable_parameters", most.parameters());
    } else if (rule.budget() instanceof SelectionRule.Budget.Adaptive) {
      targeting.put("top_percent", SelectionRuleReader.ADAPTIVE);
    }
    targeting.put("profile", Values.word(rule.profile()));
    targeting.put("metric", Values.word(rule.metric()));
    targeting.put("mode", Values.word(rule.mode()));
    if (rule.mode() != SelectionRule.Mode.ALL) {
      targeting.put("ranking", Values.word(rule.ranking()));
    }
  }

  private static Object checkpointing(GradientCheckpointing choice) {
    return switch (choice) {
      case AUTO -> PhaseReader.AUTO;
      case ON -> true;
      case OFF -> false;
    };
  }

  private static List<Map<String, Object>> datasets(List<Dataset> datasets) {
    return datasets.stream().map(PipelineWriter::dataset).toList();
  }

  private static Map<String, Object> dataset(Dataset dataset) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("path", dataset.path());
    keys.put("type", Values.word(dataset.type()));
    keys.put("weight", number(dataset.weight()));
    return keys;
  }

  private static void evaluation(Map<String, Object> phase, Evaluation evaluation) {
    phase.put("eval_datasets", datasets(evaluation.evalDatasets()));
    evaluation.valSetSize().ifPresent(size -> phase.put("val_set_size", amount(size)));
    evaluation.evalSteps().ifPresent(steps -> phase.put("eval_steps", amount(steps)));
    evaluation
        .earlyStopping()
        .ifPresent(
            stopping -> {
              phase.put("early_stopping_patience", stopping.patience());
              phase.put("early_stopping_threshold", number(stopping.threshold()));
            });
    phase.put("load_best_model_at_end", evaluation.loadBestModelAtEnd());
  }

  private static void length(Map<String, Object> phase, Length length) {
    length.numEpochs().ifPresent(epochs -> phase.put("num_epochs", number(epochs)));
    length.maxSteps().ifPresent(steps -> phase.put("max_steps", steps));
    length.maxTokens().ifPresent(tokens -> phase.put("max_tokens", tokens));
  }

  private static Number amount(Amount amount) {
    return amount instanceof Amount.Share share
        ? number(share.share())
        : ((Amount.Count) amount).count();
  }

  private static void lrScheduler(Map<String, Object> phase, LrScheduler scheduler) {
    phase.put("lr_scheduler", Values.word(scheduler.name()));
    Map<String, Object> kwargs = lrSchedulerKwargs(scheduler);
    if (!kwargs.isEmpty()) {
      phase.put("lr_scheduler_kwargs", kwargs);
    }
  }

  private static Map<String, Object> lrSchedulerKwargs(LrScheduler scheduler) {
    Map<String, Object> keys = new LinkedHashMap<>();
    if (scheduler instanceof LrScheduler.Cosine cosine) {
      keys.put("num_cycles", number(cosine.numCycles()));
    } else if (scheduler instanceof LrScheduler.CosineWithMinLr cosine) {
      keys.put("num_cycles", number(cosine.numCycles()));
      keys.put("min_lr_rate", number(cosine.minLrRate()));
    } else if (scheduler instanceof LrScheduler.WarmupStableDecay stable) {
      keys.put("num_decay_steps", stable.numDecaySteps());
      stable.numStableSteps().ifPresent(steps -> keys.put("num_stable_steps", steps));
      keys.put("warmup_type", stable.warmupType().word());
      keys.put("decay_type", stable.decayType().word());
      keys.put("min_lr_ratio", number(stable.minLrRatio()));
      keys.put("num_cycles", number(stable.numCycles()));
    } else if (scheduler instanceof LrScheduler.InverseSqrt inverse) {
      inverse.timescale().ifPresent(steps -> keys.put("timescale", steps));
    } else if (scheduler instanceof LrScheduler.Polynomial polynomial) {
      keys.put("lr_end", number(polynomial.lrEnd()));
      keys.put("power", number(polynomial.power()));
    }
    return keys;
  }

  private static void warmup(Map<String, Object> phase, Warmup warmup) {
    if (warmup instanceof Warmup.Ratio ratio) {
      phase.put("warmup_ratio", number(ratio.share()));
    } else {
      phase.put("warmup_steps", ((Warmup.Steps) warmup).count());
    }
  }

  private static void optimizer(Map<String, Object> phase, Optimizer optimizer) {
    phase.put("optimizer", Values.word(optimizer.name()));
    phase.put("adam_beta1", number(optimizer.beta1()));
    phase.put("adam_beta2", number(optimizer.beta2()));
    phase.put("adam_epsilon", number(optimizer.epsilon()));
    phase.put("weight_decay", number(optimizer.weightDecay()));
    phase.put("optimizer_offload", optimizer.offloaded());
    phase.put("max_grad_norm", number(optimizer.maxGradNorm()));
  }

  private static void lossWatchdog(Map<String, Object> phase, LossWatchdog watchdog) {
    phase.put("loss_watchdog_threshold", number(watchdog.threshold()));
    phase.put("loss_watchdog_patience", watchdog.patience());
  }

  private static void saving(Map<String, Object> phase, Saving saving) {
    saving.saveSteps().ifPresent(steps -> phase.put("save_steps", amount(steps)));
    phase.put("save_minutes", number(saving.saveMinutes()));
    phase.put("save_total_limit", saving.saveTotalLimit());
  }

  private static Map<String, Object> lrBySnr(LrBySnr factors) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("scale", Values.word(factors.scale()));
    keys.put("min", number(factors.min()));
    keys.put("max", number(factors.max()));
    return keys;
  }

  private static Object rescanEvery(RescanEvery every) {
    return every instanceof RescanEvery.Steps steps ? steps.count() : RescanEveryReader.EPOCH;
  }

  private static Map<String, Object> dpo(Dpo dpo) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("beta", number(dpo.beta()));
    keys.put("loss_type", Values.word(dpo.lossType()));
    keys.put("label_smoothing", number(dpo.labelSmoothing()));
    keys.put("discopop_tau", number(dpo.discopopTau()));
    keys.put("reference", reference(dpo.reference()));
    return keys;
  }

  private static Map<String, Object> adapter(Adapter adapter) {
    Map<String, Object> keys = new LinkedHashMap<>();
    keys.put("type", Values.word(adapter.type()));
    keys.put("r", adapter.r());
    keys.put("alpha", number(adapter.alpha()));
    keys.put("dropout", number(adapter.dropout()));
    keys.put("save", Values.word(adapter.save()));
    return keys;
  }

  private static String reference(Dpo.Reference reference) {
    if (reference instanceof Dpo.Reference.Checkpoint checkpoint) {
      return checkpoint.path();
    }
    return reference instanceof Dpo.Reference.Shared ? "shared" : "precomputed";
  }

  /** Whole numbers without a fraction, as a person writes them. */
  private static Number number(double value) {
    if (value == Math.rint(value) && Math.abs(value) < 1e15) {
      return (long) value;
    }
    return value;
  }
}
