package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.phases.model.Activations;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainSetupTest {
  /** tiny-llama's values, and those of one of its matrices, 160 x 64. */
  private static final long VALUES = 207_424;

  private static final long MATRIX = 10_240;

  @TempDir Path folder;

  @Test
  void trainedWeightsAreFloat32AndFrozenOnesAsTheyAreComputedWith() throws IOException {
    Path model = Fixture.LLAMA.copyTo(folder);
    Set<String> trained = Set.of("model.layers.2.mlp.up_proj.weight");

    assertThat(in(Precision.FLOAT32, model).weightBytes(trained)).isEqualTo(VALUES * 4);
    assertThat(in(Precision.BFLOAT16, model).weightBytes(trained))
        .isEqualTo((VALUES - MATRIX) * 2 + MATRIX * 4);
  }

  private static TrainSetup in(Precision precision, Path model) {
    DecoderShape shape = KnownShapes.named("tiny", OptionalInt.empty(), 8, 1).orElseThrow();
    return new TrainSetup(
        shape, model, List.of("cpu"), precision, Activations.KEPT, 1, TransformersPeer.none());
  }
}
