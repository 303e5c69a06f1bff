package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ComparisonTest {

  @Test
  void tellsWhatEnteredLeftAndMoved() {
    List<ModuleSnr> first = scan("a 4, b 3, c 2, d 1, gone 9");
    List<ModuleSnr> second = scan("a 1, b 3, c 4, d 2, new 0");

    Comparison comparison = Comparison.of(first, second, 50);

    // The best two of five: gone and a, then c and b.
    assertThat(comparison.left()).containsExactly("gone", "a");
    assertThat(comparison.entered()).containsExactly("c", "b");
    assertThat(comparison.onlyInFirst()).containsExactly("gone");
    assertThat(comparison.onlyInSecond()).containsExactly("new");
    assertThat(comparison.largestMoves())
        .containsExactly(
            new Comparison.Move("a", "t", 1, 4, 4, 1),
            new Comparison.Move("c", "t", 3, 1, 2, 4),
            new Comparison.Move("d", "t", 4, 3, 1, 2));
  }

  /** Without ties Spearman's coefficient is 1 - 6 sum(d^2) / (n (n^2 - 1)). */
  @Test
  void rankCorrelationIsSpearmans() {
    Random random = new Random(11);
    List<ModuleSnr> first = new ArrayList<>();
    List<ModuleSnr> second = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      first.add(new ModuleSnr("m" + i, "t", random.nextDouble()));
      second.add(new ModuleSnr("m" + i, "t", random.nextDouble()));
    }
    first.add(new ModuleSnr("unmeasured", "t", Double.NaN));
    second.add(new ModuleSnr("unmeasured", "t", 7));
    double squares = 0;
    for (int i = 0; i < 30; i++) {
      squares += Math.pow((double) (larger(first, i) - larger(second, i)), 2);
    }

    Comparison comparison = Comparison.of(first, second, 25);

    assertThat(comparison.types().get(0).rankCorrelation())
        .isCloseTo(1 - 6 * squares / (30 * (900 - 1)), within(1e-12));
    assertThat(Comparison.of(first, first, 25).types().get(0).rankCorrelation()).isEqualTo(1);
  }

  @Test
  void noCorrelationOfOneModuleOrOfTies() {
    assertThat(correlation("a 1", "a 2")).isNull();
    assertThat(correlation("a 1, b 1", "a 2, b 3")).isNull();
    assertThat(correlation("a Infinity, b 1", "a Infinity, b 3")).isEqualTo(1.0);
  }

  private static Double correlation(String first, String second) {
    return Comparison.of(scan(first), scan(second), 100).types().get(0).rankCorrelation();
  }

  private static long larger(List<ModuleSnr> snrs, int index) {
    return snrs.stream().limit(30).filter(snr -> snr.snr() > snrs.get(index).snr()).count();
  }

  private static List<ModuleSnr> scan(String text) {
    List<ModuleSnr> snrs = new ArrayList<>();
    for (String entry : text.split(", ", -1)) {
      String[] parts = entry.split(" ", -1);
      snrs.add(new ModuleSnr(parts[0], "t", Double.parseDouble(parts[1])));
    }
    return snrs;
  }
}
