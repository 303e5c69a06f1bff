package dev.polyphase.phases.batches;

import java.util.List;

/**
 * The rows of one optimiser step.
 *
 * @param index the step's number, the first is 1
 * @param epoch the passes over the rows when it is done, as {@code 1.5}
 * @param microBatches the rows of each forward pass, by their index
 */
public record Step(long index, double epoch, List<int[]> microBatches) {
  public Step {
    microBatches = List.copyOf(microBatches);
  }
}
