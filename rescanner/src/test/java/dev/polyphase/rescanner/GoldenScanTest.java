package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.data.Percentage.withPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Scans of the fixtures against the published scanner's. */
final class GoldenScanTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void scansAsThePublishedScanner(Fixture fixture) throws IOException {
    try (LibtorchSingularValues singularValues = new LibtorchSingularValues("cpu")) {
      assertScan(fixture, singularValues);
    }
  }

  @ParameterizedTest
  @EnumSource
  void scansAsThePublishedScannerByAnotherLibrary(Fixture fixture) throws IOException {
    assertScan(fixture, new JavaSingularValues());
  }

  @ParameterizedTest
  @EnumSource
  void everyModuleOfAFixtureHasASpectrum(Fixture fixture) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(fixture.copyTo(folder));

    Scan scan =
        Rescanner.scan(
            checkpoint,
            List.of("norm", "self_attn.o_proj"),
            new JavaSingularValues(),
            (module, done, total) -> {});

    for (ModuleSpectrum module : scan.modules()) {
      Spectrum spectrum = module.spectrum();
      if (module.target().type().equals("norm")) {
        assertThat(spectrum.snr()).isEqualTo(1.0);
        continue;
      }
      long singularValues = Math.min(spectrum.rows(), spectrum.columns());
      assertThat(spectrum.above() + spectrum.below()).isEqualTo(singularValues);
      assertThat(spectrum.quantiles()).hasSize(Spectrum.QUANTILES).isSorted();
      assertThat(spectrum.quantiles().get(63)).isEqualTo(spectrum.largest());
      double interquartile = spectrum.sigma() * 1.349;
      assertThat(spectrum.quantiles().get(47) - spectrum.quantiles().get(16))
          .isCloseTo(interquartile, within(0.1 * interquartile));
    }
  }

  private void assertScan(Fixture fixture, SingularValues singularValues) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(fixture.copyTo(folder));
    List<ModuleSnr> golden = golden(fixture);
    List<String> shuffledTypes = new ArrayList<>(Targeting.PROJECTIONS);
    Collections.reverse(shuffledTypes);
    List<Integer> progress = new ArrayList<>();

    Scan scan =
        Rescanner.scan(
            checkpoint,
            shuffledTypes,
            singularValues,
            (module, done, total) -> progress.add(total - done));

    List<ModuleSnr> snrs = scan.snrs();
    assertThat(snrs).extracting(ModuleSnr::module, ModuleSnr::type).hasSameSizeAs(golden);
    for (int i = 0; i < golden.size(); i++) {
      assertThat(snrs.get(i).module()).isEqualTo(golden.get(i).module());
      assertThat(snrs.get(i).type()).isEqualTo(golden.get(i).type());
      assertThat(snrs.get(i).snr())
          .as(golden.get(i).module())
          .isCloseTo(golden.get(i).snr(), withPercentage(0.1));
    }
    for (double percent : new double[] {25, 34, 40, 50}) {
      assertThat(Selection.of(snrs, percent).modules())
          .as("%s percent", percent)
          .isEqualTo(Selection.of(golden, percent).modules());
    }
    assertThat(Selection.of(snrs, 34).modules()).hasSize(7);
    assertThat(progress.get(0)).isEqualTo(golden.size() - 1);
    assertThat(progress).isSortedAccordingTo(Collections.reverseOrder()).endsWith(0);
  }

  private static List<ModuleSnr> golden(Fixture fixture) {
    JsonNode snrs = fixture.golden().get("snr");
    return snrs.properties().stream()
        .map(
            entry ->
                new ModuleSnr(
                    entry.getKey(),
                    entry.getValue().get("type").textValue(),
                    entry.getValue().get("snr").doubleValue()))
        .toList();
  }
}
