package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Gradients block by block against one graph over the whole model. */
class GradientsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void everything(Fixture fixture) throws IOException {
    assertGradients(fixture, name -> true);
  }

  @ParameterizedTest
  @EnumSource
  void frozenPrefix(Fixture fixture) throws IOException {
    assertGradients(fixture, name -> name.matches("model\\.layers\\.2\\..*|lm_head\\.weight"));
  }

  @ParameterizedTest
  @EnumSource
  void frozenSuffix(Fixture fixture) throws IOException {
    assertGradients(
        fixture, name -> name.matches("model\\.embed_tokens.*|model\\.layers\\.0\\..*"));
  }

  @ParameterizedTest
  @EnumSource
  void oneMatrixInTheMiddle(Fixture fixture) throws IOException {
    assertGradients(fixture, name -> name.equals("model.layers.1.mlp.up_proj.weight"));
  }

  @ParameterizedTest
  @EnumSource
  void normsOnly(Fixture fixture) throws IOException {
    assertGradients(fixture, name -> name.contains("norm"));
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN2"})
  void headOnly(Fixture fixture) throws IOException {
    // Tied, the head is the embedding, whose gradient then has two parts.
    String head = fixture == Fixture.QWEN2 ? "model.embed_tokens.weight" : "lm_head.weight";
    assertGradients(fixture, name -> name.equals(head));
  }

  @Test
  void bfloat16StaysNearFloat32() throws IOException {
    // bfloat16 keeps 8 bits: single products are off by up to 0.4 %, sums of many by less.
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    Set<String> trained =
        ParameterNames.of(checkpoint).stream()
            .filter(name -> name.endsWith("_proj.weight"))
            .collect(Collectors.toSet());
    TokenBatch batch = RandomRows.uneven(checkpoint);
    Map<String, float[]> exact =
        gradients(checkpoint, trained, batch, Precision.FLOAT32, Activations.KEPT);
    Map<String, float[]> rounded =
        gradients(checkpoint, trained, batch, Precision.BFLOAT16, Activations.KEPT);
    for (String name : trained) {
      double difference = 0;
      for (int i = 0; i < exact.get(name).length; i++) {
        double d = exact.get(name)[i] - rounded.get(name)[i];
        difference += d * d;
      }
      assertThat(Math.sqrt(difference)).as(name).isBetween(1e-9, 0.03 * norm(exact.get(name)));
    }
  }

  @Test
  void logProbabilitiesInBfloat16StayNearFloat32() throws IOException {
    Path checkpoint = Fixture.QWEN2.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(checkpoint);
    float[] exact;
    float[] rounded;
    try (Transformer model = load(checkpoint, Set.of(), Precision.FLOAT32, Activations.KEPT)) {
      exact = model.logProbs(batch);
    }
    try (Transformer model = load(checkpoint, Set.of(), Precision.BFLOAT16, Activations.KEPT)) {
      rounded = model.logProbs(batch);
    }
    assertThat(mean(rounded)).isCloseTo(mean(exact), within(0.01)).isNotEqualTo(mean(exact));
  }

  @ParameterizedTest
  @EnumSource
  void noArrayOutlivesItsStep(Activations activations) throws IOException {
    Path checkpoint = Fixture.QWEN2.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(checkpoint);
    try (Transformer model =
        load(checkpoint, ParameterNames.of(checkpoint), Precision.FLOAT32, activations)) {
      int arrays = -1;
      for (int step = 0; step < 4; step++) {
        try (NDManager scratch = model.newScratch()) {
          Gradients gradients = new Gradients(scratch);
          HostLoss.differentiate(model, batch, GoldenBatches::meanLoss, gradients);
          model.differentiate(batch, -1.0, gradients, scratch);
          int now = scratch.getParentManager().getManagedArrays().size();
          // The first step makes the rotary tables, which stay.
          assertThat(now).isEqualTo(step < 1 ? now : arrays);
          arrays = now;
        }
      }
    }
  }

  private void assertGradients(Fixture fixture, Predicate<String> trains) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    Set<String> trained =
        ParameterNames.of(checkpoint).stream().filter(trains).collect(Collectors.toSet());
    TokenBatch batch = RandomRows.uneven(checkpoint);
    Map<String, float[]> expected =
        KeptGraph.gradients(
            Checkpoint.open(checkpoint),
            ConfigReader.read(Checkpoint.open(checkpoint)),
            trained,
            batch);
    Map<String, float[]> recomputed =
        gradients(checkpoint, trained, batch, Precision.FLOAT32, Activations.RECOMPUTED);
    GradientValues.assertClose(recomputed, expected, 2e-5);
    // The same operations on the same numbers, only not at the same time.
    Map<String, float[]> kept =
        gradients(checkpoint, trained, batch, Precision.FLOAT32, Activations.KEPT);
    GradientValues.assertClose(kept, recomputed, 1e-6);
    GradientValues.assertClose(knownBeforehand(checkpoint, trained, batch), expected, 2e-5);
  }

  /** Of the mean loss, whose slope does not wait for the log-probabilities: they come with it. */
  private static Map<String, float[]> knownBeforehand(
      Path checkpoint, Set<String> trained, TokenBatch batch) throws IOException {
    try (Transformer model = load(checkpoint, trained, Precision.FLOAT32, Activations.KEPT);
        NDManager step = model.newScratch()) {
      Gradients gradients = new Gradients(step);
      NDArray logProbs =
          model.differentiate(batch, -1.0 / batch.lossTokens(), gradients, step).orElseThrow();
      float[] separately = model.logProbs(batch);
      assertThat(TensorValues.largestDifference(logProbs.toFloatArray(), separately))
          .isLessThan(1e-5);
      return GradientValues.of(gradients);
    }
  }

  private static Map<String, float[]> gradients(
      Path checkpoint,
      Set<String> trained,
      TokenBatch batch,
      Precision precision,
      Activations activations)
      throws IOException {
    try (Transformer model = load(checkpoint, trained, precision, activations)) {
      return GradientValues.ofMeanLoss(model, batch);
    }
  }

  private static Transformer load(
      Path checkpoint, Set<String> trained, Precision precision, Activations activations)
      throws IOException {
    return CpuModels.load(checkpoint, trained, Adapters.none(), precision, activations);
  }

  private static double norm(float[] values) {
    double squares = 0;
    for (float value : values) {
      squares += (double) value * value;
    }
    return Math.sqrt(squares);
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }
}
