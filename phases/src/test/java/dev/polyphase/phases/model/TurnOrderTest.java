package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TurnOrderTest {
  private static final int UP = 2;
  private static final int DOWN = 4;

  @Test
  void eachStageBeginsWithAsManyAsThereAreStagesAboveItAndThenTakesOneOfEachInTurn() {
    assertThat(said(TurnOrder.ofStage(0, 2, 3))).isEqualTo("u0 u1 d0 u2 d1 d2");
    assertThat(said(TurnOrder.ofStage(1, 2, 3))).isEqualTo("u0 d0 u1 d1 u2 d2");
    assertThat(said(TurnOrder.ofStage(1, 4, 5))).isEqualTo("u0 u1 u2 d0 u3 d1 u4 d2 d3 d4");
    assertThat(said(TurnOrder.ofStage(0, 4, 2))).isEqualTo("u0 u1 d0 d1");
    assertThat(said(TurnOrder.ofStage(2, 3, 1))).isEqualTo("u0 d0");
  }

  @Test
  void aPlaceOfOneStageTakesItsTurnsAsTheyAre() {
    Map<Integer, List<Turn>> turns = TurnOrder.ofPlaces(List.of(0, 2, 3), 7);
    assertThat(turns.keySet()).containsExactly(0, 2, 3);
    assertThat(turns.get(0)).isEqualTo(TurnOrder.ofStage(0, 3, 7));
    assertThat(turns.get(2)).isEqualTo(TurnOrder.ofStage(1, 3, 7));
    assertThat(turns.get(3)).isEqualTo(TurnOrder.ofStage(2, 3, 7));
  }

  @Test
  void placesThatTakeAsLongAreIdleAtTheBeginningAndTheEndAlone() {
    for (int stages = 1; stages <= 8; stages++) {
      for (int passes = 1; passes <= 20; passes++) {
        // Narayanan et al. 2021, 2.2: all passes, and a bubble of one for each further stage.
        assertThat(length(apart(stages), passes)).isEqualTo((passes + stages - 1L) * (UP + DOWN));
      }
    }
  }

  @Test
  void aTiedHeadKeepsItsPlaceAtWork() {
    for (int places = 2; places <= 8; places++) {
      for (int passes = 1; passes <= 40; passes++) {
        // What the first place has to do, the head's turns included, and a bubble as of an own
        // head.
        assertThat(length(tied(places), passes))
            .as("%d places, %d passes", places, passes)
            .isLessThanOrEqualTo(passes * (UP + DOWN + 1L) + (long) places * (UP + DOWN));
      }
    }
  }

  @Test
  void inEveryStagePassesComeInTheirOrderAndNoMoreThanAllowedAreInFlight() {
    for (int places = 1; places <= 6; places++) {
      for (int passes = 1; passes <= 9; passes++) {
        for (List<Integer> of : List.of(apart(places), tied(places))) {
          Map<Integer, List<Turn>> byPlace = TurnOrder.ofPlaces(of, passes);
          for (int stage = 0; stage < of.size(); stage++) {
            int own = stage;
            List<Turn> turns =
                byPlace.get(of.get(stage)).stream().filter(it -> it.stage() == own).toList();
            assertThat(turns).hasSize(2 * passes);
            List<Integer> all = IntStream.range(0, passes).boxed().toList();
            assertThat(passes(turns, true)).isEqualTo(all);
            assertThat(passes(turns, false)).isEqualTo(all);
            assertThat(mostInFlight(turns)).isEqualTo(Math.min(of.size() - stage, passes));
          }
        }
      }
    }
  }

  private static List<Integer> apart(int stages) {
    return IntStream.range(0, stages).boxed().toList();
  }

  private static List<Integer> tied(int places) {
    List<Integer> stages = new ArrayList<>(apart(places));
    if (places > 1) {
      stages.add(0);
    }
    return stages;
  }

  private static int mostInFlight(List<Turn> turns) {
    int now = 0;
    int most = 0;
    for (Turn turn : turns) {
      now += turn.up() ? 1 : -1;
      most = Math.max(most, now);
    }
    return most;
  }

  private static List<Integer> passes(List<Turn> turns, boolean up) {
    return turns.stream().filter(turn -> turn.up() == up).map(Turn::pass).toList();
  }

  private static String said(List<Turn> turns) {
    return turns.stream()
        .map(turn -> (turn.up() ? "u" : "d") + turn.pass())
        .collect(Collectors.joining(" "));
  }

  /** When all places are done that take their turns in order, each when its pass has come. */
  private static long length(List<Integer> places, int passes) {
    Map<Integer, Deque<Turn>> left = new HashMap<>();
    TurnOrder.ofPlaces(places, passes)
        .forEach((place, turns) -> left.put(place, new ArrayDeque<>(turns)));
    Map<Integer, Long> free = new HashMap<>();
    Map<Turn, Long> ends = new HashMap<>();
    boolean goesOn = true;
    while (goesOn) {
      goesOn = false;
      Set<Integer> all = new HashSet<>(left.keySet());
      for (int place : all) {
        Turn next = left.get(place).peek();
        while (next != null && comesAt(next, places.size(), ends) >= 0) {
          left.get(place).remove();
          long start = Math.max(comesAt(next, places.size(), ends), free.getOrDefault(place, 0L));
          boolean head = places.size() > 1 && next.stage() > 0 && places.get(next.stage()) == 0;
          long time = head ? (next.up() ? 1 : 0) : next.up() ? UP : DOWN;
          ends.put(next, start + time);
          free.put(place, start + time);
          next = left.get(place).peek();
          goesOn = true;
        }
      }
    }
    assertThat(left.values()).as("waiting for each other").allMatch(Deque::isEmpty);
    return free.values().stream().mapToLong(Long::longValue).max().orElseThrow();
  }

  /** When a turn's pass has come; -1 where that is not known yet. */
  private static long comesAt(Turn turn, int stages, Map<Turn, Long> ends) {
    if (turn.up()) {
      return turn.stage() == 0
          ? 0
          : ends.getOrDefault(new Turn(turn.stage() - 1, true, turn.pass()), -1L);
    }
    return turn.stage() == stages - 1
        ? ends.getOrDefault(new Turn(turn.stage(), true, turn.pass()), -1L)
        : ends.getOrDefault(new Turn(turn.stage() + 1, false, turn.pass()), -1L);
  }
}
