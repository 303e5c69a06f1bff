package dev.polyphase.phases.training;

import dev.polyphase.pipelines.BaseModel;
import dev.polyphase.pipelines.Batch;
import dev.polyphase.pipelines.Cpo;
import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.Dpo;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.Evaluation;
import dev.polyphase.pipelines.GradientCheckpointing;
import dev.polyphase.pipelines.Kto;
import dev.polyphase.pipelines.LearningRates;
import dev.polyphase.pipelines.Length;
import dev.polyphase.pipelines.LrScheduler;
import dev.polyphase.pipelines.Monitoring;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.pipelines.Orpo;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.pipelines.Rows;
import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.pipelines.SaveRounding;
import dev.polyphase.pipelines.Saving;
import dev.polyphase.pipelines.Simpo;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.TrainedWeights;
import dev.polyphase.pipelines.Vocabulary;
import dev.polyphase.pipelines.Warmup;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * Phases for tests, in the order of the rows and at a constant rate.
 *
 * @param microBatchSize rows of a forward pass
 * @param gradientAccumulationSteps forward passes of a step
 * @param epochs passes over {@code rows.jsonl}
 * @param learningRate the rate of every step
 * @param weightDecay decoupled decay
 * @param maxGradNorm 0 for no clipping
 * @param dtype of the compute
 */
public record Phases(
    int microBatchSize,
    int gradientAccumulationSteps,
    int epochs,
    double learningRate,
    double weightDecay,
    double maxGradNorm,
    Dtype dtype) {

  public Phase phase(PhaseType type) {
    return new Phase(
        "one",
        type,
        new TrainedWeights(new Targeting.Full(), Optional.empty(), Optional.empty()),
        List.of(new Dataset("rows.jsonl", Dataset.RowType.AUTO, 1)),
        Rows.AS_USUAL,
        new Evaluation(List.of(), Optional.empty(), Optional.empty(), Optional.empty(), false),
        new Length(OptionalDouble.of(epochs), OptionalLong.empty(), OptionalLong.empty()),
        new Batch(
            64,
            microBatchSize,
            gradientAccumulationSteps,
            false,
            false,
            GradientCheckpointing.AUTO,
            0),
        new LearningRates(
            learningRate, new LrScheduler.Constant(), new Warmup.Steps(0), Optional.empty()),
        new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.999, 1e-8, weightDecay, false, maxGradNorm),
        new Monitoring(1, Optional.empty()),
        new Saving(Optional.empty(), 0, 0),
        Optional.empty(),
        new Dpo(0.1, Dpo.LossType.SIGMOID, 0),
        new Kto(0.1, Kto.LossType.KTO, 1, 1, new Reference.Precomputed()),
        new Cpo(0.1, Cpo.LossType.SIGMOID, 0, 1),
        new Orpo(0.1),
        new Simpo(2, 1, 0, 0, 0));
  }

  public Pipeline pipeline(PhaseType type) {
    return new Pipeline(
        "test",
        new BaseModel.Existing("base"),
        Vocabulary.AS_IT_WAS,
        "runs",
        42,
        List.of("cpu"),
        dtype,
        SaveDtype.BASE,
        SaveRounding.NEAREST,
        List.of("none"),
        List.of(phase(type)));
  }
}
