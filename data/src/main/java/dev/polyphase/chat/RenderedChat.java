package dev.polyphase.chat;

import java.util.Arrays;
import java.util.List;

/**
 * A conversation as the model reads it, and which of it carries loss.
 *
 * @param text the whole text
 * @param starts where the parts begin that carry loss, in UTF-16 units, in order and disjoint
 * @param ends where each of them ends
 * @param marked whether the template itself marked them
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; asked for each token.
record RenderedChat(String text, int[] starts, int[] ends, boolean marked) {

  /**
   * A part of a text, in UTF-16 units.
   *
   * @param start its first
   * @param end the first after it
   */
  record Part(int start, int end) {}

  /** A text of which these parts carry loss; they may touch and overlap, in any order. */
  static RenderedChat of(String text, List<Part> parts, boolean marked) {
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
    return new RenderedChat(text, Arrays.copyOf(starts, count), Arrays.copyOf(ends, count), marked);
  }

  /**
   * Whether a token carries loss: one that begins in such a part. One that begins in the head of a
   * turn does not, since no prompt that ends with the head would be followed by it; but where the
   * template marks what is learned it does, as with Hugging Face.
   *
   * @param start its first UTF-16 unit; nothing carries loss at -1
   * @param next the first of the token after it
   */
  boolean isLearned(int start, int next) {
    int found = Arrays.binarySearch(starts, start);
    int part = found >= 0 ? found : -found - 2;
    if (part >= 0 && start < ends[part]) {
      return true;
    }
    return marked && start >= 0 && part + 1 < starts.length && starts[part + 1] < next;
  }
}
