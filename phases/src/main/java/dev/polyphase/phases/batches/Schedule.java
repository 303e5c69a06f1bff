package dev.polyphase.phases.batches;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/**
 * Which rows make which optimiser step, from a phase's first step to its last.
 *
 * <p>An epoch takes every row once, in the order of {@link RowOrder}. Its rows are cut into
 * micro-batches and these into steps; the last of each may be smaller. Each step is a function of
 * its number alone, so that a resumed phase goes on as if it had never stopped. Where rows are
 * packed, a row is here a sequence of them.
 */
public final class Schedule implements Iterable<Step> {
  private final int[] tokensOfRow;
  private final int microBatchSize;
  private final int gradientAccumulationSteps;
  private final RowOrder order;
  private final long microBatchesPerEpoch;
  private final long stepsPerEpoch;
  private final long totalSteps;

  /**
   * Plans a phase.
   *
   * @param tokensOfRow how many tokens each row has, at least one row; not copied
   * @param microBatchSize rows of one forward pass
   * @param gradientAccumulationSteps forward passes of one step
   * @param limits when the phase ends
   * @param order how rows are ordered in each epoch
   */
  public Schedule(
      int[] tokensOfRow,
      int microBatchSize,
      int gradientAccumulationSteps,
      Limits limits,
      RowOrder order) {
    if (tokensOfRow.length == 0) {
      throw new IllegalArgumentException("no rows");
    }
    this.tokensOfRow = tokensOfRow;
    this.microBatchSize = microBatchSize;
    this.gradientAccumulationSteps = gradientAccumulationSteps;
    this.order = order;
    this.microBatchesPerEpoch = ceilDiv(tokensOfRow.length, microBatchSize);
    this.stepsPerEpoch = ceilDiv(microBatchesPerEpoch, gradientAccumulationSteps);
    this.totalSteps = stepsWithin(limits);
  }

  /** The steps of the phase. */
  public long totalSteps() {
    return totalSteps;
  }

  /** The tokens of all steps, padding not counted. */
  public long totalTokens() {
    long wholeEpochs = totalSteps / stepsPerEpoch;
    long tokens = wholeEpochs * Arrays.stream(tokensOfRow).asLongStream().sum();
    for (Iterator<Step> rest = after(wholeEpochs * stepsPerEpoch); rest.hasNext(); ) {
      for (int[] rows : rest.next().microBatches()) {
        tokens += Arrays.stream(rows).mapToLong(row -> tokensOfRow[row]).sum();
      }
    }
    return tokens;
  }

  /** The steps of one pass over the rows. */
  public long stepsPerEpoch() {
    return stepsPerEpoch;
  }

  /** All steps, each made when it is asked for. */
  @Override
  public Iterator<Step> iterator() {
    return after(0);
  }

  /** The steps that are left when {@code stepsDone} have been taken. */
  public Iterator<Step> after(long stepsDone) {
    return new Iterator<>() {
      private long done = stepsDone;
      private long orderedEpoch = -1;
      private int[] rows = {};

      @Override
      public boolean hasNext() {
        return done < totalSteps;
      }

      @Override
      public Step next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        long epoch = done / stepsPerEpoch;
        if (epoch != orderedEpoch) {
          rows = order.of(epoch, tokensOfRow.length);
          orderedEpoch = epoch;
        }
        Step step = step(rows, epoch, done % stepsPerEpoch);
        done++;
        return step;
      }
    };
  }

  /** The micro-batches of the first epoch, as far as the phase gets: each row at most once. */
  public List<int[]> firstEpoch() {
    List<int[]> microBatches = new ArrayList<>();
    Iterator<Step> steps = iterator();
    for (long step = 0; step < Math.min(stepsPerEpoch, totalSteps); step++) {
      microBatches.addAll(steps.next().microBatches());
    }
    return microBatches;
  }

  /** Step {@code inEpoch}, counted from 0, of an epoch whose rows are in this order. */
  private Step step(int[] rows, long epoch, long inEpoch) {
    long firstMicroBatch = inEpoch * gradientAccumulationSteps;
    long endMicroBatch =
        Math.min(firstMicroBatch + gradientAccumulationSteps, microBatchesPerEpoch);
    List<int[]> microBatches = new ArrayList<>();
    for (long m = firstMicroBatch; m < endMicroBatch; m++) {
      long start = m * microBatchSize;
      long end = Math.min(start + microBatchSize, rows.length);
      microBatches.add(Arrays.copyOfRange(rows, (int) start, (int) end));
    }
    return new Step(
        epoch * stepsPerEpoch + inEpoch + 1,
        epoch + (double) endMicroBatch / microBatchesPerEpoch,
        microBatches);
  }

  private long stepsWithin(Limits limits) {
    long steps = limits.maxSteps().orElse(Long.MAX_VALUE);
    if (limits.numEpochs().isPresent()) {
      steps = Math.min(steps, (long) Math.ceil(limits.numEpochs().getAsDouble() * stepsPerEpoch));
    }
    if (limits.maxTokens().isPresent()) {
      steps = Math.min(steps, stepsToReach(limits.maxTokens().getAsLong()));
    }
    return steps;
  }

  /**
   * Whole epochs have the same tokens in any order; only the last one is looked at step by step.
   */
  private long stepsToReach(long maxTokens) {
    long tokensPerEpoch = Arrays.stream(tokensOfRow).asLongStream().sum();
    long wholeEpochs = (maxTokens - 1) / tokensPerEpoch;
    long missing = maxTokens - wholeEpochs * tokensPerEpoch;

    int[] rows = order.of(wholeEpochs, tokensOfRow.length);
    int row = 0;
    while (missing > 0) {
      missing -= tokensOfRow[rows[row]];
      row++;
    }
    long rowsPerStep = (long) microBatchSize * gradientAccumulationSteps;
    return wholeEpochs * stepsPerEpoch + ceilDiv(row, rowsPerStep);
  }

  private static long ceilDiv(long dividend, long divisor) {
    return (dividend + divisor - 1) / divisor;
  }
}
