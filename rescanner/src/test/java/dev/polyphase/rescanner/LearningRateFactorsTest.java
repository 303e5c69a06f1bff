package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.LrBySnr.Scale;
import dev.polyphase.pipelines.SelectionRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** From 1 to 4: a share s of the way has the factor 1 + 3 s. */
class LearningRateFactorsTest {
  private static final double INFINITE = Double.POSITIVE_INFINITY;
  private static final double MEAN = 2.5;

  @Test
  void growWithTheSnrItsLogarithmOrItsRank() {
    assertFactors(Scale.LINEAR, snrs(9, 3, 2, 1), 4, 1.75, 1.375, 1);
    assertFactors(Scale.LOG, snrs(1000, 10, 1), 4, 2, 1);
    assertFactors(Scale.RANK, snrs(1000, 10, 9, 1), 4, 3, 2, 1);
  }

  @Test
  void modulesOfOneSnrShareAFactor() {
    for (Scale scale : Scale.values()) {
      assertFactors(scale, snrs(7), MEAN);
      assertFactors(scale, snrs(7, 7, 7), MEAN, MEAN, MEAN);
    }
    // Of the places 0 to 5 the lower three share 1, the next two 3.5, and the last is 5.
    assertFactors(Scale.RANK, snrs(9, 5, 5, 2, 2, 2), 4, 1 + 3 * 2.5 / 4, 1 + 3 * 2.5 / 4, 1, 1, 1);
  }

  @Test
  void whatCanNotBePlacedDoesNotShiftTheOthers() {
    for (Scale scale : Scale.values()) {
      assertFactors(scale, snrs(INFINITE, 100, 10, Double.NaN), 4, 4, 1, 1);
      assertFactors(scale, snrs(INFINITE, 10), 4, MEAN);
      assertFactors(scale, snrs(INFINITE, Double.NaN), 4, 1);
    }
    // A logarithm has no place for it, an order has.
    assertFactors(Scale.LOG, snrs(100, 10, 0), 4, 1, 1);
    assertFactors(Scale.LINEAR, snrs(100, 50, 0), 4, MEAN, 1);
  }

  @Test
  void countAmongTheSelectedOfAType() {
    Selection selection =
        new Selection(
            SelectionRule.published(50),
            List.of(
                new Selection.RankedType("q", named("q", snrs(9, 5, 1, 0.5)), 3),
                new Selection.RankedType("up", named("up", snrs(0.3, 0.1)), 2),
                new Selection.RankedType("none", named("none", snrs(1)), 0)));

    Map<String, Double> factors =
        LearningRateFactors.of(
            selection,
            new AlwaysTrained(List.of(new ModuleName("lm_head"), new ModuleName("up.0"))),
            new LrBySnr(Scale.LINEAR, 1, 4));

    assertThat(factors)
        .containsExactly(
            Map.entry("lm_head", 1.0),
            Map.entry("up.0", 1.0),
            Map.entry("q.0", 4.0),
            Map.entry("q.1", MEAN),
            Map.entry("q.2", 1.0),
            Map.entry("up.1", 1.0));
  }

  private static void assertFactors(Scale scale, double[] snrs, double... expected) {
    Selection selection =
        new Selection(
            SelectionRule.published(100),
            List.of(new Selection.RankedType("t", named("t", snrs), snrs.length)));
    double[] factors =
        LearningRateFactors.of(selection, new AlwaysTrained(List.of()), new LrBySnr(scale, 1, 4))
            .values()
            .stream()
            .mapToDouble(Double::doubleValue)
            .toArray();
    assertThat(factors).as(scale.name()).containsExactly(expected, within(1e-12));
  }

  private static double[] snrs(double... snrs) {
    return snrs;
  }

  private static List<ModuleSnr> named(String type, double[] snrs) {
    List<ModuleSnr> modules = new ArrayList<>();
    for (int i = 0; i < snrs.length; i++) {
      modules.add(new ModuleSnr(type + "." + i, type, snrs[i]));
    }
    return modules;
  }
}
