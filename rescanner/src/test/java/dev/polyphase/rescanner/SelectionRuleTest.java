package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Mode;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.SelectionRule.Ranking;
import dev.polyphase.pipelines.problems.InputException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Modes, rankings and budgets on hand-made scores. */
final class SelectionRuleTest {
  private static final Budget HALF = new Budget.Percent(50, Budget.Of.MODULES);

  /** Type t: a 4, b NaN, c 1, d 3; type u: e 9, f 2. */
  private static final List<Candidate> MODULES =
      List.of(
          candidate("a", "t", 4, 10),
          candidate("b", "t", Double.NaN, 10),
          candidate("e", "u", 9, 30),
          candidate("c", "t", 1, 10),
          candidate("d", "t", 3, 10),
          candidate("f", "u", 2, 30));

  @Test
  void takesEitherEndAndNeverWhatIsNotANumber() {
    assertThat(selected(Mode.TOP, Ranking.PER_TYPE, HALF)).containsExactly("a", "d", "e");
    assertThat(selected(Mode.BOTTOM, Ranking.PER_TYPE, HALF)).containsExactly("c", "d", "f");
    assertThat(selected(Mode.ALL, Ranking.PER_TYPE, new Budget.Everything()))
        .containsExactlyInAnyOrder("a", "b", "c", "d", "e", "f");
    assertThat(of(Metric.ALPHA, Mode.TOP, Ranking.PER_TYPE, HALF, "").modules())
        .containsExactly("c", "d", "f");
    assertThat(of(Metric.ALPHA, Mode.BOTTOM, Ranking.PER_TYPE, HALF, "").modules())
        .containsExactly("a", "d", "e");
  }

  @Test
  void oneRankingOfAllModules() {
    assertThat(selected(Mode.TOP, Ranking.GLOBAL, HALF)).containsExactlyInAnyOrder("e", "a", "d");
    assertThat(selected(Mode.TOP, Ranking.GLOBAL, new Budget.Percent(20, Budget.Of.MODULES)))
        .containsExactly("e");
  }

  @Test
  void budgetsOfParametersTakeNoModuleAfterOneThatDoesNotFit() {
    // Type t has 40 parameters, u has 60.
    assertThat(selected(Mode.TOP, Ranking.PER_TYPE, new Budget.Percent(49, Budget.Of.PARAMETERS)))
        .containsExactly("a");
    assertThat(selected(Mode.TOP, Ranking.PER_TYPE, new Budget.Percent(50, Budget.Of.PARAMETERS)))
        .containsExactly("a", "d", "e");
    assertThat(selected(Mode.TOP, Ranking.GLOBAL, new Budget.MaxParameters(49)))
        .containsExactlyInAnyOrder("e", "a");
    assertThat(selected(Mode.TOP, Ranking.GLOBAL, new Budget.MaxParameters(29))).isEmpty();
    // Of 50, t may have 20 and u 30.
    assertThat(selected(Mode.TOP, Ranking.PER_TYPE, new Budget.MaxParameters(50)))
        .containsExactly("a", "d", "e");
    assertThat(selected(Mode.TOP, Ranking.PER_TYPE, new Budget.MaxParameters(49)))
        .containsExactly("a");
  }

  @ParameterizedTest
  @CsvSource({
    "'100, 90, 10, 9, 8, 7', 2",
    "'100, 99, 98, 97, 1', 2",
    "'8, 4, 2, 1', 1",
    "'8, 4, 1, 0.9', 2",
    "'5, 5, 5, 5', 1",
    "'5', 1",
    "'5, 1', 1",
    "'Infinity, Infinity, 3, 2', 2",
    "'9, 0, 0, 0', 1",
    "'9, 8, 1, NaN, NaN, NaN', 1",
    "'NaN, NaN', 0",
  })
  void adaptiveStopsBeforeTheLargestFallOfTheBetterHalf(String scores, int picked) {
    List<Candidate> modules = new ArrayList<>();
    for (String score : scores.split(", *", -1)) {
      modules.add(candidate("m" + modules.size(), "t", Double.parseDouble(score), 1));
    }
    SelectionRule rule =
        new SelectionRule(
            Profile.SPECTRUM, Metric.SNR, Mode.TOP, Ranking.PER_TYPE, new Budget.Adaptive());

    assertThat(Selection.of(modules, rule, "").modules()).hasSize(picked);
  }

  @Test
  void randomOrdersAreDrawnByTheLotAlone() {
    List<Candidate> modules =
        IntStream.range(0, 20).mapToObj(i -> candidate("m" + i, "t", i, 1)).toList();
    List<Candidate> shuffled = new ArrayList<>(modules);
    Collections.shuffle(shuffled, new Random(1));
    SelectionRule rule =
        new SelectionRule(
            Profile.SPECTRUM,
            Metric.SNR,
            Mode.RANDOM,
            Ranking.PER_TYPE,
            new Budget.Percent(25, Budget.Of.MODULES));

    List<String> drawn = Selection.of(modules, rule, "42/one").modules();

    assertThat(drawn).hasSize(5).isEqualTo(Selection.of(shuffled, rule, "42/one").modules());
    // By sha256sum: the same on every machine and JDK.
    assertThat(drawn).containsExactly(DRAWN_BY_SHA256SUM.split(" ", -1));
    Set<String> seen = new HashSet<>();
    for (int seed = 0; seed < 60; seed++) {
      seen.addAll(Selection.of(modules, rule, seed + "/one").modules());
    }
    assertThat(seen).as("60 draws of a quarter reach every module").hasSize(20);
  }

  private static final String DRAWN_BY_SHA256SUM = "m14 m3 m2 m12 m6";

  @ParameterizedTest
  @ValueSource(longs = {1, 29})
  void budgetsThatMayPickNothingAreRefusedBeforeTheScan(long parameters) {
    assertThatThrownBy(
            () -> Selection.requirePick(MODULES, rule(new Budget.MaxParameters(parameters))))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("30 of 100");
  }

  @Test
  void budgetsThatPickWhateverRanksFirstAreAccepted() {
    assertThatCode(() -> Selection.requirePick(MODULES, rule(new Budget.MaxParameters(30))))
        .doesNotThrowAnyException();
    assertThatThrownBy(
            () -> Selection.requirePick(MODULES, rule(new Budget.Percent(10, Budget.Of.MODULES))))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("16.67 or more");
    assertThatCode(
            () ->
                Selection.requirePick(MODULES, rule(new Budget.Percent(16.67, Budget.Of.MODULES))))
        .doesNotThrowAnyException();
  }

  private static SelectionRule rule(Budget budget) {
    return new SelectionRule(Profile.SPECTRUM, Metric.SNR, Mode.TOP, Ranking.GLOBAL, budget);
  }

  private static List<String> selected(Mode mode, Ranking ranking, Budget budget) {
    return of(Metric.SNR, mode, ranking, budget, "").modules();
  }

  private static Selection of(
      Metric metric, Mode mode, Ranking ranking, Budget budget, String lot) {
    return Selection.of(
        MODULES, new SelectionRule(Profile.SPECTRUM, metric, mode, ranking, budget), lot);
  }

  private static Candidate candidate(String module, String type, double score, long parameters) {
    return new Candidate(new ModuleSnr(module, type, score), score, parameters);
  }
}
