package dev.polyphase.pipelines.language;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** Finds what a user meant by a misspelt word. */
final class NearestKey {
  /** Up to one wrong letter in so many is a slip of the pen; more is another word. */
  private static final int LETTERS_PER_SLIP = 3;

  private NearestKey() {}

  /** The known word with the fewest slips, where they are few enough. */
  static Optional<String> to(String word, Collection<String> known) {
    return known.stream()
        .filter(
            candidate ->
                distance(word, candidate) * LETTERS_PER_SLIP
                    <= Math.max(word.length(), candidate.length()))
        .min(Comparator.comparingInt(candidate -> distance(word, candidate)));
  }

  /**
   * The fewest insertions, deletions, replacements and swaps of neighbours that turn one word into
   * the other, no letter being edited twice (optimal string alignment).
   */
  static int distance(String from, String to) {
    int[][] cost = new int[from.length() + 1][to.length() + 1];
    for (int i = 0; i <= from.length(); i++) {
      for (int j = 0; j <= to.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        int replaced = cost[i - 1][j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        int edited = Math.min(cost[i - 1][j], cost[i][j - 1]) + 1;
        cost[i][j] = Math.min(replaced, edited);
        if (i > 1
            && j > 1
            && from.charAt(i - 1) == to.charAt(j - 2)
            && from.charAt(i - 2) == to.charAt(j - 1)) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[from.length()][to.length()];
  }
}
