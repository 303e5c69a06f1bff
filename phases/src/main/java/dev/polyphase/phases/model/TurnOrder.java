package dev.polyphase.phases.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * In which order the stages take the passes of a step: one forward and one backward in turn (1F1B;
 * Narayanan et al. 2021, "Memory-Efficient Pipeline-Parallel DNN Training", PipeDream-Flush). Of n
 * passes stage s of S begins with the forward passes of the first {@code min(S - s, n)}; no more
 * are ever between their forward and their backward pass there. From then on each backward pass is
 * followed by the forward pass of another one, as long as there is one. The order of the passes is
 * theirs in every stage, so that sums over them are those of one stage.
 */
final class TurnOrder {
  /** How long a stage's turns are taken to be, where two stages wait for one place. */
  private static final int UP = 2;

  private static final int DOWN = 4;

  /** The head alone differentiates on the way up. */
  private static final int UP_OF_HEAD = 1;

  private static final int DOWN_OF_HEAD = 0;

  private final List<Integer> places;
  private final List<Deque<Turn>> left = new ArrayList<>();
  private final Map<Integer, List<Turn>> byPlace = new TreeMap<>();
  private final Map<Integer, Long> freeAt = new HashMap<>();
  private final Map<Turn, Long> endOf = new HashMap<>();

  private TurnOrder(List<Integer> places, int passes) {
    this.places = places;
    for (int stage = 0; stage < places.size(); stage++) {
      left.add(new ArrayDeque<>(ofStage(stage, places.size(), passes)));
    }
  }

  /** How many passes are at most between their forward and their backward pass in a stage. */
  static int inFlight(int stage, int stages, int passes) {
    return Math.min(stages - stage, passes);
  }

  /** The turns of one stage. */
  static List<Turn> ofStage(int stage, int stages, int passes) {
    List<Turn> turns = new ArrayList<>();
    int next = 0;
    while (next < inFlight(stage, stages, passes)) {
      turns.add(new Turn(stage, true, next++));
    }
    for (int pass = 0; pass < passes; pass++) {
      turns.add(new Turn(stage, false, pass));
      if (next < passes) {
        turns.add(new Turn(stage, true, next++));
      }
    }
    return turns;
  }

  /**
   * The turns of each place. A place of two stages takes their turns as they would come up, the
   * upper stage's first, if a turn down took twice as long as one up. Since they are put in order
   * as they would be taken, no place ever waits for a turn that another one has behind its own.
   *
   * @param places the place of each stage
   */
  static Map<Integer, List<Turn>> ofPlaces(List<Integer> places, int passes) {
    TurnOrder order = new TurnOrder(places, passes);
    for (int turn = 0; turn < 2 * places.size() * passes; turn++) {
      order.takeEarliest();
    }
    return order.byPlace;
  }

  private void takeEarliest() {
    int earliest = -1;
    long start = Long.MAX_VALUE;
    for (int stage = places.size() - 1; stage >= 0; stage--) {
      long own = startOf(stage);
      if (own < start) {
        earliest = stage;
        start = own;
      }
    }
    Turn turn = left.get(earliest).remove();
    int place = places.get(earliest);
    long end = start + duration(turn);
    byPlace.computeIfAbsent(place, it -> new ArrayList<>()).add(turn);
    freeAt.put(place, end);
    endOf.put(turn, end);
  }

  /** When a stage's next turn could be; never where it has none, or waits for one not yet taken. */
  private long startOf(int stage) {
    @Nullable Turn next = left.get(stage).peek();
    if (next == null) {
      return Long.MAX_VALUE;
    }
    @Nullable Turn before = before(next, places.size());
    long ready = before == null ? 0 : endOf.getOrDefault(before, Long.MAX_VALUE);
    return Math.max(ready, freeAt.getOrDefault(places.get(stage), 0L));
  }

  /** The turn of the same pass before this one; null where it is the first. */
  static @Nullable Turn before(Turn turn, int stages) {
    if (turn.up()) {
      return turn.stage() == 0 ? null : new Turn(turn.stage() - 1, true, turn.pass());
    }
    return turn.stage() == stages - 1
        ? new Turn(turn.stage(), true, turn.pass())
        : new Turn(turn.stage() + 1, false, turn.pass());
  }

  private int duration(Turn turn) {
    boolean headAlone =
        turn.stage() > 0
            && turn.stage() == places.size() - 1
            && places.get(turn.stage()) < places.get(turn.stage() - 1);
    if (headAlone) {
      return turn.up() ? UP_OF_HEAD : DOWN_OF_HEAD;
    }
    return turn.up() ? UP : DOWN;
  }
}
