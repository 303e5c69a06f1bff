package dev.polyphase.phases.training;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Cuts a model's blocks into one run for each device. */
final class Cut {
  private Cut() {}

  /**
   * The cut by which the fullest device is as empty as possible: of which the largest need, as a
   * share of what its device has, is smallest.
   *
   * @param blocks what each block needs, on each device
   * @param ends what each device needs besides, for embedding and head
   * @param free what each device has; only their ratios count
   * @return each device's first block; one without blocks begins where the next does
   */
  static List<Integer> of(double[][] blocks, double[] ends, double[] free) {
    int devices = free.length;
    int count = blocks[0].length;
    double[][] below = new double[devices][count + 1];
    for (int device = 0; device < devices; device++) {
      for (int i = 0; i < count; i++) {
        below[device][i + 1] = below[device][i] + blocks[device][i];
      }
    }
    // The share of the fullest of the devices up to this one, where they hold the blocks below end.
    double[][] fullest = new double[devices][count + 1];
    int[][] first = new int[devices][count + 1];
    for (int device = 0; device < devices; device++) {
      for (int end = 0; end <= count; end++) {
        fullest[device][end] = Double.POSITIVE_INFINITY;
        for (int start = 0; start <= (device == 0 ? 0 : end); start++) {
          double own = (ends[device] + below[device][end] - below[device][start]) / free[device];
          double share = device == 0 ? own : Math.max(own, fullest[device - 1][start]);
          if (share < fullest[device][end]) {
            fullest[device][end] = share;
            first[device][end] = start;
          }
        }
      }
    }
    List<Integer> firstBlocks = new ArrayList<>();
    int end = count;
    for (int device = devices - 1; device >= 0; device--) {
      end = first[device][end];
      firstBlocks.add(end);
    }
    Collections.reverse(firstBlocks);
    return firstBlocks;
  }
}
