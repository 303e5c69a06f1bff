package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RobustProfileTest {
  private static final Measure ROBUST = new Measure(Profile.ROBUST, Metric.SNR);

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void isThePublishedRatioWhereThereIsNoise(long seed) {
    float[] values = descending(seed, 32, 1);

    assertThat(ROBUST.of(values, 32, 48).snr())
        .isCloseTo(Spectrum.of(values, 32, 48).snr(), withPercentage(1e-4));
    assertThat(ROBUST.of(values, 32, 48).nearlySingular()).isFalse();
  }

  @Test
  void isFiniteWhereThePublishedRatioIsNot() {
    assertThat(ROBUST.of(new float[] {0, 0, 0}, 3, 5).snr()).isZero();
    assertThat(ROBUST.of(new float[] {5, 0, 0, 0, 0}, 5, 5).snr())
        .isCloseTo(1 / (0x1p-23 * 5 * 5), within(1e-6));
    for (float scale : new float[] {Float.MIN_VALUE, 1e-30f, 1, 1e37f}) {
      for (long seed = 1; seed < 20; seed++) {
        float[] values = descending(seed, 9, scale);
        values[8] = 0;
        assertThat(ROBUST.of(values, 9, 9).snr()).isFinite().isNotNegative();
      }
    }
    assertThat(ROBUST.of(new float[] {1}, 1, 64).snr()).isEqualTo(1);
    assertThat(ROBUST.of(new float[] {4, 4, 4}, 3, 3).snr()).isEqualTo(3);
    assertThat(ROBUST.of(new float[] {Float.NaN}, 3, 3).snr()).isNaN();
    assertThat(ROBUST.of(new float[] {Float.POSITIVE_INFINITY, 1}, 2, 2).snr()).isNaN();
  }

  @Test
  void nearlySingularMatricesAreToldInBothProfiles() {
    float[] values = {8, 1e-8f, 1e-8f, 0, 0};

    assertThat(Spectrum.of(values, 5, 5).nearlySingular()).isTrue();
    assertThat(ROBUST.of(values, 5, 5).nearlySingular()).isTrue();
    assertThat(Spectrum.of(new float[] {8, 1e-5f, 1e-5f, 0, 0}, 5, 5).nearlySingular()).isFalse();
    assertThat(Spectrum.of(new float[] {8}, 1, 5).nearlySingular()).isFalse();
  }

  @Test
  void oddWeightsAreNamedByTheirTensor() throws IOException {
    Checkpoint checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.0.conv.weight", 2, 2, 2)
            .tensor("model.layers.0.mlp.weight", 3, 4)
            .tensor("model.layers.1.mlp.weight", 3, 4)
            .writeTo(folder);
    SingularValues values =
        tensor ->
            tensor.name().contains("layers.1")
                ? new float[] {Float.NaN, Float.NaN, Float.NaN}
                : new float[] {8, 0, 0};

    Scan scan =
        Rescanner.scan(checkpoint, List.of("conv", "mlp"), values, (module, done, total) -> {});

    assertThat(scan.notes())
        .containsExactly(
            "model.layers.0.conv.weight is no matrix and is not measured; it ranks last",
            "model.layers.1.mlp.weight holds NaN or infinity and ranks last",
            "nearly singular, their noise is no more than rounding: 1 (model.layers.0.mlp.weight)");
  }

  @Test
  void aPercentageTakesAtLeastOneModuleOfEachMeasuredType() {
    List<ModuleSnr> snrs =
        List.of(
            new ModuleSnr("a", "singleton", 1),
            new ModuleSnr("b", "unmeasured", Double.NaN),
            new ModuleSnr("c", "pair", 1),
            new ModuleSnr("d", "pair", 2));

    assertThat(Selection.of(snrs, 25).modules()).isEmpty();
    assertThat(Selection.of(snrs, 25, Profile.ROBUST).modules()).containsExactly("a", "d");
    List<ModuleSnr> many =
        IntStream.range(0, 29).mapToObj(i -> new ModuleSnr("m" + i, "t", i % 7)).toList();
    for (double percent : new double[] {4, 25, 50, 99, 100}) {
      assertThat(Selection.of(many, percent, Profile.ROBUST).modules())
          .isEqualTo(Selection.of(many, percent).modules());
    }
  }

  private static float[] descending(long seed, int count, float scale) {
    Random random = new Random(seed);
    double[] drawn = random.doubles(count).sorted().toArray();
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (scale * Math.exp(3 * drawn[count - 1 - i]));
    }
    return values;
  }
}
