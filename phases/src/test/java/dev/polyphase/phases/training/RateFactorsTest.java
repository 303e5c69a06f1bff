package dev.polyphase.phases.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.api.PhaseRequest;
import dev.polyphase.phases.api.PhaseStart;
import dev.polyphase.phases.model.Adapters;
import dev.polyphase.phases.model.Trainable;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.PhaseType;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RateFactorsTest {
  private static final String UP = "model.layers.2.mlp.up_proj";
  private static final String DOWN = "model.layers.1.mlp.down_proj";
  private static final String NORM = "model.norm";

  @TempDir Path folder;

  /** The gradients of the first step are the same; its updates are proportional to the rates. */
  @Test
  void firstUpdatesAreMultiplied() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    new SftRun(folder, base, Set.of()).withRows(30);

    Path even = train(base, "even", Map.of());
    Path uneven = train(base, "uneven", Map.of(UP, 2.0, DOWN, 0.5));

    assertUpdates(base, even, uneven, UP, 2);
    assertUpdates(base, even, uneven, DOWN, 0.5);
    assertUpdates(base, even, uneven, NORM, 1);
  }

  @Test
  void aModulesParametersShareItsFactor() {
    Trainable factors = new Trainable(Set.of(), Map.of(), Adapters.none(), Map.of(UP, 3.0));

    assertThat(factors.rateFactor(UP + ".weight")).isEqualTo(3);
    assertThat(factors.rateFactor(UP + ".bias")).isEqualTo(3);
    assertThat(factors.rateFactor(UP + ".lora_B.weight")).isEqualTo(3);
    assertThat(factors.rateFactor(DOWN + ".weight")).isEqualTo(1);
    assertThat(factors.rateFactor("model.layers.2.mlp.up_proj_2.weight")).isEqualTo(1);
  }

  private Path train(Path base, String result, Map<String, Double> factors) throws IOException {
    Pipeline pipeline = new Phases(1, 1, 1, 1e-3, 0, 0, Dtype.FLOAT32).pipeline(PhaseType.SFT);
    PhaseRequest request =
        new PhaseRequest(
            pipeline,
            pipeline.phases().get(0),
            folder,
            new PhaseStart(
                base,
                Set.of(UP + ".weight", DOWN + ".weight", NORM + ".weight"),
                Map.of(),
                factors,
                Optional.empty()),
            folder.resolve(result));
    SftRun.train(request, new RecordingListener());
    return request.result();
  }

  private static void assertUpdates(Path base, Path even, Path uneven, String module, double factor)
      throws IOException {
    float[] before = values(base, module);
    float[] plain = values(even, module);
    float[] multiplied = values(uneven, module);
    double largest = 0;
    for (int i = 0; i < before.length; i++) {
      double update = (double) plain[i] - before[i];
      // Values of about 1 are rounded to 6e-8.
      assertThat((double) multiplied[i] - before[i]).isCloseTo(factor * update, within(3e-7));
      largest = Math.max(largest, Math.abs(update));
    }
    assertThat(largest).isCloseTo(1e-3, within(1e-6));
  }

  private static float[] values(Path checkpoint, String module) throws IOException {
    return TensorValues.floats(Checkpoint.open(checkpoint).find(module + ".weight").orElseThrow());
  }
}
