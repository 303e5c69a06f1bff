package dev.polyphase.chat;

import java.util.Arrays;
import java.util.List;

/**
 * A conversation as the model reads it, and which of it carries loss.
 *
 * @param text the whole text
 * @param starts where the parts begin that carry loss, in UTF-16 units, in order and disjoint
 * @param ends where each of them ends
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; asked for each token.
record RenderedChat(String text, int[] starts, int[] ends) {

  /**
   * A part of a text, in UTF-16 units.
   *
   * @param start its first
   * @param end the first after it
   */
  record Part(int start, int end) {}

  /** A text of which these parts carry loss; they may touch and overlap, in any order. */
  static RenderedChat of(String text, List<Part> parts) {
    List<Part> sorted =
        parts.stream()
            .filter(part -> part.start < part.end)
            .sorted((a, b) -> Integer.compare(a.start, b.start))
            .toList();
    int[] starts = new int[sorted.size()];
    int[] ends = new int[sorted.size()];
    int count = 0;
    for (Part part : sorted) {
      if (count > 0 && part.start <= ends[count - 1]) {
        ends[count - 1] = Math.max(ends[count - 1], part.end);
      } else {
        starts[count] = part.start;
        ends[count] = part.end;
        count++;
      }
    }
    return new RenderedChat(text, Arrays.copyOf(starts, count), Arrays.copyOf(ends, count));
  }

  /** Whether what begins at this UTF-16 unit carries loss; nothing does at -1. */
  boolean isLearned(int start) {
    int found = Arrays.binarySearch(starts, start);
    int part = found >= 0 ? found : -found - 2;
    return part >= 0 && start < ends[part];
  }
}
