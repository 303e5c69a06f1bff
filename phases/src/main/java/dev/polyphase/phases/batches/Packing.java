package dev.polyphase.phases.batches;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;

/**
 * Lays short rows side by side into sequences.
 *
 * <p>A phase's rows are packed once, before the first epoch: best fit depends on the rows' lengths
 * alone, so that a shuffle before it could only swap rows of equal length. What is shuffled each
 * epoch are the sequences, and a schedule of them is as simple as one of rows. Which rows share a
 * sequence matters to nothing but which share a step: they do not see each other.
 */
public final class Packing {
  private Packing() {}

  /**
   * Best-fit decreasing (Johnson 1974): the longest row first, each goes into the sequence that has
   * the least space of those that have enough. Of rows as long the first goes first, and of
   * sequences with as much space that which came to it first, as in TRL's {@code bfd}.
   *
   * @param tokensOfRow how many tokens each row has
   * @param sequenceLen the most tokens of a sequence; no row is longer
   * @return the rows of each sequence, ascending; the sequences in the order of their first rows
   */
  public static List<int[]> bestFitDecreasing(int[] tokensOfRow, int sequenceLen) {
    int[] sequenceOfRow = new int[tokensOfRow.length];
    TreeMap<Integer, Queue<Integer>> sequencesBySpace = new TreeMap<>();
    int sequences = 0;
    for (int row : longestFirst(tokensOfRow, sequenceLen)) {
      Map.Entry<Integer, Queue<Integer>> best = sequencesBySpace.ceilingEntry(tokensOfRow[row]);
      int space = sequenceLen;
      if (best == null) {
        sequenceOfRow[row] = sequences;
        sequences++;
      } else {
        space = best.getKey();
        sequenceOfRow[row] = best.getValue().remove();
        if (best.getValue().isEmpty()) {
          sequencesBySpace.remove(space);
        }
      }
      sequencesBySpace
          .computeIfAbsent(space - tokensOfRow[row], left -> new ArrayDeque<>())
          .add(sequenceOfRow[row]);
    }
    return rowsOfSequence(sequenceOfRow, sequences);
  }

  private static int[] longestFirst(int[] tokensOfRow, int sequenceLen) {
    long[] keys = new long[tokensOfRow.length];
    for (int row = 0; row < keys.length; row++) {
      if (tokensOfRow[row] > sequenceLen) {
        throw new IllegalArgumentException(
            "row %d has %d tokens, a sequence %d".formatted(row, tokensOfRow[row], sequenceLen));
      }
      keys[row] = (long) (sequenceLen - tokensOfRow[row]) << Integer.SIZE | row;
    }
    Arrays.sort(keys);
    return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
  }

  private static List<int[]> rowsOfSequence(int[] sequenceOfRow, int sequences) {
    int[] sizes = new int[sequences];
    for (int sequence : sequenceOfRow) {
      sizes[sequence]++;
    }
    List<int[]> rows = new ArrayList<>();
    for (int size : sizes) {
      rows.add(new int[size]);
    }
    int[] filled = new int[sequences];
    for (int row = 0; row < sequenceOfRow.length; row++) {
      int sequence = sequenceOfRow[row];
      rows.get(sequence)[filled[sequence]] = row;
      filled[sequence]++;
    }
    rows.sort(Comparator.comparingInt(ofSequence -> ofSequence[0]));
    return rows;
  }
}
