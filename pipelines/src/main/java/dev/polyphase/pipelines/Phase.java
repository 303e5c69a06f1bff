package dev.polyphase.pipelines;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * One phase of a pipeline, every default filled in.
 *
 * @param name {@code [A-Za-z0-9][A-Za-z0-9._-]*}, unique in its pipeline
 * @param type what it optimises
 * @param targeting which weights it trains
 * @param datasets the rows, at least one
 * @param evalDatasets held-out rows, evaluated before and after the phase
 * @param evaluation what else is held out, when it is evaluated, and what follows from that
 * @param numEpochs passes over the rows; empty where only steps or tokens end the phase
 * @param maxSteps optimiser steps after which the phase ends
 * @param maxTokens tokens after which the phase ends
 * @param sequenceLen the longest row in tokens
 * @param microBatchSize rows (pairs in dpo) of one forward pass
 * @param gradientAccumulationSteps forward passes of one optimiser step
 * @param learningRate the highest learning rate
 * @param lrScheduler its course
 * @param warmup how it begins
 * @param optimizer the optimiser and its constants
 * @param maxGradNorm the gradients' norm above which they are scaled down; 0 for no clipping
 * @param neftuneNoiseAlpha the strength of the noise on the embeddings of training rows; 0 for none
 * @param gradientCheckpointing whether blocks are computed again in the backward pass
 * @param samplePacking whether short rows share a sequence
 * @param shuffle whether rows are shuffled, anew each epoch
 * @param loggingSteps steps between two rows of metrics
 * @param lossWatchdog ends the phase where its loss stays high; empty for none
 * @param lrBySnr the learning rates of modules that were selected by their SNR; empty where all
 *     have the phase's. Without effect with other ways of targeting
 * @param rescanEvery when it measures its weights anew and moves to those that are then the best;
 *     empty where it trains the same ones to its end
 * @param dpo the settings of a {@code dpo} phase; its defaults elsewhere
 * @param adapter trained instead of the weights themselves; empty where these are trained
 */
public record Phase(
    String name,
    PhaseType type,
    Targeting targeting,
    List<Dataset> datasets,
    List<Dataset> evalDatasets,
    Evaluation evaluation,
    OptionalDouble numEpochs,
    OptionalLong maxSteps,
    OptionalLong maxTokens,
    int sequenceLen,
    int microBatchSize,
    int gradientAccumulationSteps,
    double learningRate,
    LrScheduler lrScheduler,
    Warmup warmup,
    Optimizer optimizer,
    double maxGradNorm,
    double neftuneNoiseAlpha,
    GradientCheckpointing gradientCheckpointing,
    boolean samplePacking,
    boolean shuffle,
    int loggingSteps,
    Optional<LossWatchdog> lossWatchdog,
    Optional<LrBySnr> lrBySnr,
    Optional<RescanEvery> rescanEvery,
    Dpo dpo,
    Optional<Adapter> adapter) {

  public Phase {
    datasets = List.copyOf(datasets);
    evalDatasets = List.copyOf(evalDatasets);
  }

  /** Whether some rows are held out. */
  public boolean holdsOut() {
    return !evalDatasets.isEmpty() || evaluation.valSetSize().isPresent();
  }
}
