package dev.polyphase.reports;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the reward margins of a phase's pairs are spread: the chosen completion's reward less the
 * rejected one's. All are counted in the same bins.
 *
 * @param edges of the bins, ascending, one more than there are bins; 0 is among them
 * @param training of the pairs trained on, each as it was seen last, or null
 * @param heldOutBefore of the held-out pairs before the phase, or null
 * @param heldOutAfter of the same with the weights that the phase left, or null
 */
public record Margins(
    List<Double> edges,
    @Nullable Spread training,
    @Nullable Spread heldOutBefore,
    @Nullable Spread heldOutAfter) {

  /**
   * Some pairs.
   *
   * @param counts those in each bin, its lower edge included
   * @param ties those whose margin is 0, which are in no bin
   */
  public record Spread(List<Long> counts, long ties) {
    public Spread {
      counts = List.copyOf(counts);
    }

    /** How many pairs there are. */
    public long pairs() {
      return ties + counts.stream().mapToLong(Long::longValue).sum();
    }
  }

  public Margins {
    edges = List.copyOf(edges);
  }

  /** The pairs whose rejected completion has the higher reward. */
  long below(Spread spread) {
    long below = 0;
    for (int bin = 0; bin < spread.counts().size(); bin++) {
      below += edges.get(bin) < 0 ? spread.counts().get(bin) : 0;
    }
    return below;
  }
}
