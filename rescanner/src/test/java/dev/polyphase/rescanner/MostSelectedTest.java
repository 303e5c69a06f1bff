package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.SelectionRule.Budget;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Mode;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.SelectionRule.Ranking;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is said before a scan, against what many made-up scans then select. */
class MostSelectedTest {
  private static final int SCANS = 300;

  static Stream<SelectionRule> rules() {
    List<SelectionRule> rules = new ArrayList<>();
    for (Ranking ranking : Ranking.values()) {
      for (Profile profile : Profile.values()) {
        for (Budget budget :
            List.of(
                new Budget.Percent(30, Budget.Of.MODULES),
                new Budget.Percent(45, Budget.Of.PARAMETERS),
                new Budget.MaxParameters(90),
                new Budget.Adaptive())) {
          rules.add(new SelectionRule(profile, Metric.SNR, Mode.TOP, ranking, budget));
        }
      }
      rules.add(
          new SelectionRule(
              Profile.SPECTRUM, Metric.SNR, Mode.ALL, ranking, new Budget.Everything()));
    }
    return rules.stream();
  }

  @ParameterizedTest
  @MethodSource("rules")
  void noScanSelectsMore(SelectionRule rule) {
    Random random = new Random(7);
    Set<Long> parameters = new HashSet<>();
    Map<String, Set<Integer>> counts = Map.of("even", new HashSet<>(), "odd", new HashSet<>());
    MostSelected most = MostSelected.of(modules(random), rule);

    for (int scan = 0; scan < SCANS; scan++) {
      List<Candidate> modules = modules(random);
      Selection selection = Selection.of(modules, rule, "");
      parameters.add(parametersOf(selection, modules));
      assertThat(selection.modules()).hasSizeLessThanOrEqualTo(most.modules());
      selection
          .types()
          .forEach(type -> counts.getOrDefault(type.type(), Set.of()).add(type.picked()));
    }

    long standIn = parametersOf(most.standIn(), modules(random));
    assertThat(parameters).allMatch(selected -> selected <= standIn);
    if (most.exact()) {
      assertThat(parameters).containsExactly(standIn);
    }
    for (MostSelected.TypeBound type : most.types()) {
      Set<Integer> found = counts.getOrDefault(type.type(), Set.of());
      assertThat(found).as(type.type()).allMatch(count -> count <= type.most());
      if (type.exact()) {
        assertThat(found).as(type.type()).containsExactly(type.most());
      }
    }
  }

  /** Even modules are of one size, odd ones are not. */
  private static List<Candidate> modules(Random random) {
    List<Candidate> modules = new ArrayList<>();
    for (String type : List.of("even", "odd")) {
      for (int layer = 0; layer < 10; layer++) {
        long parameters = type.equals("even") ? 12 : 5 + 3L * layer;
        ModuleSnr snr = new ModuleSnr("layers." + layer + "." + type, type, random.nextDouble());
        modules.add(new Candidate(snr, snr.snr(), parameters));
      }
    }
    return modules;
  }

  private static long parametersOf(Selection selection, List<Candidate> modules) {
    Set<String> selected = selection.modules().stream().collect(Collectors.toSet());
    return modules.stream()
        .filter(module -> selected.contains(module.snr().module()))
        .mapToLong(Candidate::parameters)
        .sum();
  }
}
