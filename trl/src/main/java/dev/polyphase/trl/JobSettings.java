package dev.polyphase.trl;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.preparation.ModelParts;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.TrainingEngine;
import java.util.Locale;

/** The settings of {@code job.json}, by the names that transformers and TRL have for them. */
final class JobSettings {
  private static final int VERSION = 1;
  private static final double HEARTBEAT_SECONDS = 30;

  /** So many beats must be missed before a job counts as lost. */
  private static final double BEATS_A_TIMEOUT = 4;

  private JobSettings() {}

  /** The settings of a phase, without a digest. */
  static ObjectNode of(ReadPhase read, ModelParts model, TrainingEngine engine) {
    PhaseRequest request = read.request();
    Phase phase = request.phase();
    Pipeline pipeline = request.pipeline();
    ObjectNode job = JsonNodeFactory.instance.objectNode();
    job.put("version", VERSION);
    job.put("phase", phase.name());
    job.put("type", word(phase.type()));
    job.put("model", request.start().checkpoint().toAbsolutePath().normalize().toString());
    job.put("dtype", word(pipeline.dtype()));
    job.put("device", String.join(",", pipeline.devices()));
    job.put("world_size", engine.worldSize());
    job.put("seed", pipeline.seed());
    job.put("steps", read.schedule().totalSteps());
    job.put("micro_batch_size", phase.batch().microBatchSize());
    job.put("gradient_accumulation_steps", phase.batch().gradientAccumulationSteps());
    job.put("packed", phase.batch().samplePacking());
    job.put(
        "gradient_checkpointing",
        phase.batch().gradientCheckpointing() != GradientCheckpointing.OFF);
    addLearningRates(job, read);
    addOptimizer(job, phase, model);
    job.put("logging_steps", phase.monitoring().loggingSteps());
    job.put("checkpoint_steps", engine.checkpointSteps());
    job.put("save_total_limit", phase.saving().saveTotalLimit());
    job.put(
        "heartbeat_seconds",
        Math.min(HEARTBEAT_SECONDS, engine.heartbeatTimeout() / BEATS_A_TIMEOUT));
    phase
        .evaluation()
        .evalSteps()
        .ifPresentOrElse(
            every -> job.put("eval_steps", every.of(read.schedule().totalSteps())),
            () -> job.putNull("eval_steps"));
    if (phase.type() == PhaseType.DPO) {
      addDpo(job.putObject("dpo"), phase.dpo(), request);
    }
    return job;
  }

  private static void addLearningRates(ObjectNode job, ReadPhase read) {
    Phase phase = read.request().phase();
    LrScheduler scheduler = phase.learningRates().scheduler();
    job.put("learning_rate", phase.learningRates().highest());
    job.put("warmup_steps", phase.learningRates().warmup().steps(read.schedule().totalSteps()));
    job.put("lr_scheduler", word(scheduler.name()));
    ObjectNode kwargs = job.putObject("lr_scheduler_kwargs");
    if (scheduler instanceof LrScheduler.Cosine cosine) {
      kwargs.put("num_cycles", cosine.numCycles());
    } else if (scheduler instanceof LrScheduler.CosineWithMinLr cosine) {
      kwargs.put("num_cycles", cosine.numCycles());
      kwargs.put("min_lr_rate", cosine.minLrRate());
    } else if (scheduler instanceof LrScheduler.WarmupStableDecay stages) {
      addStages(kwargs, stages);
    } else if (scheduler instanceof LrScheduler.InverseSqrt root) {
      root.timescale().ifPresent(timescale -> kwargs.put("timescale", timescale));
    } else if (scheduler instanceof LrScheduler.Polynomial polynomial) {
      kwargs.put("lr_end", polynomial.lrEnd());
      kwargs.put("power", polynomial.power());
    }
  }

  private static void addStages(ObjectNode kwargs, LrScheduler.WarmupStableDecay stages) {
    kwargs.put("num_decay_steps", stages.numDecaySteps());
    stages.numStableSteps().ifPresent(steps -> kwargs.put("num_stable_steps", steps));
    kwargs.put("warmup_type", curve(stages.warmupType()));
    kwargs.put("decay_type", curve(stages.decayType()));
    kwargs.put("min_lr_ratio", stages.minLrRatio());
    kwargs.put("num_cycles", stages.numCycles());
  }

  private static String curve(LrScheduler.Curve curve) {
    return curve == LrScheduler.Curve.ONE_MINUS_SQRT ? "1-sqrt" : word(curve);
  }

  private static void addOptimizer(ObjectNode job, Phase phase, ModelParts model) {
    job.put("adam_beta1", phase.optimizer().beta1());
    job.put("adam_beta2", phase.optimizer().beta2());
    job.put("adam_epsilon", phase.optimizer().epsilon());
    job.put("weight_decay", phase.optimizer().weightDecay());
    job.put("max_grad_norm", phase.optimizer().maxGradNorm());
    ObjectNode factors = job.putObject("lr_factors");
    model.trained().tensors().stream()
        .sorted()
        .forEach(
            tensor -> {
              double factor = model.trained().rateFactor(tensor);
              if (factor != 1) {
                factors.put(tensor, factor);
              }
            });
  }

  private static void addDpo(ObjectNode job, Dpo dpo, PhaseRequest request) {
    job.put("beta", dpo.beta());
    ArrayNode types = job.putArray("loss_type");
    dpo.lossTypes().forEach(type -> types.add(word(type)));
    ArrayNode weights = job.putArray("loss_weights");
    dpo.losses().forEach(loss -> weights.add(loss.weight()));
    job.put("label_smoothing", dpo.labelSmoothing());
    job.put("discopop_tau", dpo.discopopTau());
    job.put("f_divergence_type", word(dpo.fDivergenceType()));
    job.put("f_alpha_divergence_coef", dpo.fAlphaDivergenceCoef());
    dpo.ldAlpha()
        .ifPresentOrElse(alpha -> job.put("ld_alpha", alpha), () -> job.putNull("ld_alpha"));
    job.put("use_weighting", dpo.useWeighting());
    if (dpo.reference() instanceof Reference.Checkpoint other) {
      job.put(
          "reference",
          request.folder().resolve(other.path()).toAbsolutePath().normalize().toString());
    } else {
      job.putNull("reference");
    }
  }

  private static String word(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }
}
