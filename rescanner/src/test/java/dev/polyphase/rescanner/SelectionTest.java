package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.polyphase.pipelines.problems.InputException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SelectionTest {

  @ParameterizedTest
  @CsvSource({
    "100, 29, 29",
    "50, 58, 29",
    "90, 70, 63",
    "28, 15, 4",
    "48, 20, 9",
    "4, 25, 1",
    "4, 24, 0",
    "3, 34, 1",
    "3, 33.3, 0",
    "3, 33.34, 1",
    "8, 12.5, 1",
    "1000, 0.1, 1",
    "1000, 0.3, 3",
    "1000, 1.1, 11",
    "1, 100, 1",
    "7, 100, 7",
    "1, 99.9, 0",
    "1000, 2.9, 29",
    "1000, 0.7, 7",
  })
  void picksTheFloorOfTheDecimalProduct(int modules, double percent, int picked) {
    List<ModuleSnr> snrs =
        IntStream.range(0, modules).mapToObj(i -> new ModuleSnr("m." + i, "t", i)).toList();

    assertThat(Selection.of(snrs, percent).modules()).hasSize(picked);
  }

  @Test
  void ranksTheBestFirstTiesInTheirOrderAndNotANumberLast() {
    double[] values = {2, Double.NaN, 1, Double.POSITIVE_INFINITY, 2, Double.NaN, 2};
    List<ModuleSnr> snrs =
        IntStream.range(0, values.length)
            .mapToObj(i -> new ModuleSnr("m." + i, "t", values[i]))
            .toList();

    Selection.RankedType type = Selection.of(snrs, 60).types().get(0);

    assertThat(type.ranked())
        .extracting(ModuleSnr::module)
        .containsExactly("m.3", "m.0", "m.4", "m.6", "m.2", "m.1", "m.5");
    assertThat(type.selected())
        .extracting(ModuleSnr::module)
        .containsExactly("m.3", "m.0", "m.4", "m.6");
  }

  @Test
  void keepsTypesInTheOrderOfTheScan() {
    List<ModuleSnr> snrs =
        Stream.of("b", "a", "b", "c", "a").map(type -> new ModuleSnr("m", type, 1)).toList();

    assertThat(Selection.of(snrs, 50).types())
        .extracting(Selection.RankedType::type, Selection.RankedType::picked)
        .containsExactly(tuple("b", 1), tuple("a", 1), tuple("c", 0));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, -1, 100.01, Double.NaN, Double.POSITIVE_INFINITY})
  void percentagesOutOfRangeAreRefused(double percent) {
    assertThatThrownBy(() -> Selection.of(List.of(new ModuleSnr("m", "t", 1)), percent))
        .isInstanceOf(InputException.class);
  }

  @Test
  void saysWhichPercentageWouldPickAModule() {
    Map<String, Integer> modulesPerType = Map.of("mlp.up_proj", 3, "lm_head", 1);

    assertThatThrownBy(() -> Selection.requirePick(modulesPerType, 12.5))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("top_percent 12.5 picks no module")
        .hasMessageContaining("33.34 or more");
    assertThatCode(() -> Selection.requirePick(modulesPerType, 33.34)).doesNotThrowAnyException();
  }
}
