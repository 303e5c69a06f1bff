package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.phases.bench.KnownShapes;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How many matrices of a type are drawn. */
class DrawnSelectionTest {
  @ParameterizedTest
  @CsvSource({"1, 25, 1", "2, 25, 1", "4, 25, 1", "7, 25, 1", "8, 25, 2", "7, 50, 3"})
  void ofEachTypeTheShareRoundedDownButAtLeastOne(int layers, int percent, int ofType) {
    Set<String> drawn = DrawnSelection.weights(matrices("tiny", layers), percent);
    assertThat(drawn).hasSize(7 * ofType);
    assertThat(drawn.stream().map(name -> name.replaceFirst(".*layers\\.\\d+", "")).distinct())
        .hasSize(7);
    assertThat(DrawnSelection.lowestLayer(drawn)).isBetween(0, layers - 1);
  }

  @Test
  void aSmallerShareIsAPartOfALargerOne() {
    Set<String> matrices = matrices("tiny", 9);
    assertThat(DrawnSelection.weights(matrices, 50))
        .containsAll(DrawnSelection.weights(matrices, 25));
  }

  /** Each expert's matrices of two layers are a type of their own, and routers are none. */
  @Test
  void ofTwoLayersOfExpertsHalfIsDrawn() {
    Set<String> matrices = matrices("qwen3-30b-a3b", 2);
    assertThat(matrices).hasSize(2 * (4 + 3 * 128));
    assertThat(DrawnSelection.weights(matrices, 25)).hasSize(4 + 3 * 128);
  }

  private static Set<String> matrices(String shape, int layers) {
    return KnownShapes.named(shape, OptionalInt.of(layers), 8, 1).orElseThrow().matrices().keySet();
  }
}
