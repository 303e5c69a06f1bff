package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Percentage.withPercentage;

import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code modules} means, on a small mixture of experts in both layouts. */
final class ScanTargetsTest {
  private static final String FUSED = "model.layers.1.mlp.experts.gate_up_proj";

  @TempDir Path folder;
  private Checkpoint checkpoint;

  @BeforeEach
  void write() throws IOException {
    checkpoint =
        new HandMadeCheckpoint()
            .tensor("model.layers.0.mlp.experts.0.down_proj.weight", 2, 3)
            .tensor("model.layers.0.mlp.experts.1.down_proj.weight", 2, 3)
            .tensor("model.layers.0.mlp.gate.weight", 2, 3)
            .tensor("model.layers.0.mlp.gate.bias", 2)
            .tensor(FUSED, 2, 3, 4)
            .tensor("model.layers.1.mlp.gate.weight", 2, 3)
            .tensor("model.norm.weight", 3)
            .writeTo(folder);
  }

  @Test
  void eachExpertIsATypeOfItsOwn() throws IOException {
    List<ScanTarget> targets =
        ScanTargets.of(checkpoint, List.of("all"), Profile.SPECTRUM).targets();

    assertThat(targets)
        .extracting(ScanTarget::type)
        .containsExactly(
            "mlp.experts.0.down_proj",
            "mlp.experts.1.down_proj",
            "mlp.experts.gate_up_proj[0]",
            "mlp.experts.gate_up_proj[1]",
            "mlp.gate",
            "mlp.gate",
            "model.norm");
    assertThat(targets)
        .extracting(ScanTarget::parameters)
        .containsExactly(6L, 6L, 12L, 12L, 8L, 6L, 3L);
  }

  @Test
  void fusedExpertsAreMeasuredPartByPart() throws IOException {
    Scan scan =
        Rescanner.scan(
            ScanTargets.of(checkpoint, List.of("re:experts\\.gate_up"), Profile.SPECTRUM),
            Measure.PUBLISHED,
            new JavaSingularValues(),
            (module, done, total) -> {});

    // The tensor holds 1 to 24; expert 1 is 13 to 24 in rows of 4.
    double[][] second = {{13, 14, 15, 16}, {17, 18, 19, 20}, {21, 22, 23, 24}};
    float[] values = JavaSingularValues.of(new Array2DRowRealMatrix(second));
    assertThat(scan.modules()).hasSize(2);
    ModuleSpectrum measured = scan.modules().get(1);
    assertThat(measured.target().module().text()).isEqualTo(FUSED + "[1]");
    assertThat(measured.spectrum().rows()).isEqualTo(3);
    assertThat(measured.spectrum().columns()).isEqualTo(4);
    assertThat(measured.spectrum().largest()).isCloseTo(values[0], withPercentage(1e-4));
  }

  @Test
  void typesSeeFusedExpertsInProfileRobustAlone() throws IOException {
    assertThatThrownBy(() -> ScanTargets.of(checkpoint, List.of("gate_up_proj")))
        .isInstanceOf(InputException.class);
    assertThat(ScanTargets.of(checkpoint, List.of("gate_up_proj"), Profile.ROBUST).targets())
        .extracting(target -> target.tensor().name())
        .containsExactly(FUSED + "[0]", FUSED + "[1]");
  }

  @Test
  void expressionsAreFoundAnywhereAndRankByTheirOwnType() throws IOException {
    assertThat(ScanTargets.of(checkpoint, List.of("re:layers\\.0\\.mlp\\.gate$", "norm")).targets())
        .extracting(target -> target.module().text() + " " + target.type())
        .containsExactly("model.layers.0.mlp.gate mlp.gate", "model.norm norm");
    assertThatThrownBy(() -> ScanTargets.of(checkpoint, List.of("re:(", "re:nothing", "none")))
        .isInstanceOfSatisfying(InputException.class, e -> assertThat(e.problems()).hasSize(3))
        .hasMessageContaining("'re:(' is no regular expression")
        .hasMessageContaining("'re:nothing' names no module");
  }
}
