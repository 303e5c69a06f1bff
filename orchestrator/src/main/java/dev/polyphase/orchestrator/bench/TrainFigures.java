package dev.polyphase.orchestrator.bench;

import java.util.Map;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What the benchmark of training measured.
 *
 * @param floorSeconds the matrix products of a full step alone; empty where nobody asked for them
 * @param cases by case
 * @param selection the weights of the cases that train a quarter
 * @param lowestTrainedBlock the lowest of their blocks
 */
public record TrainFigures(
    OptionalDouble floorSeconds,
    Map<TrainCase, CaseFigures> cases,
    Set<String> selection,
    int lowestTrainedBlock) {

  /**
   * One case.
   *
   * @param seconds of a step
   * @param tokensPerSecond of the batch
   * @param memoryBytes the peak beyond the weights; empty where it is not known
   * @param flops the floating-point operations that a step needs
   * @param loss of the last step; empty where it is not known
   */
  public record CaseFigures(
      double seconds,
      double tokensPerSecond,
      OptionalLong memoryBytes,
      long flops,
      OptionalDouble loss) {}
}
