package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NEFTune's noise on tiny-llama's embeddings of 64 values. */
class EmbeddingNoiseTest {
  private static final int HIDDEN = 64;
  private static final double ALPHA = 5;
  private static final String EMBEDDING = "model.embed_tokens.weight";

  @TempDir Path folder;

  @Test
  void isUniformWithinTheBoundOfItsRowsOwnTokens() throws IOException {
    float[] noise =
        noise(TokenBatch.of(List.of(RandomRows.whole(1, 50), RandomRows.whole(2, 200))), 1);

    // Both rows have 200 tokens with their padding, but only 50 of the first are its own.
    assertUniform(Arrays.copyOfRange(noise, 0, 50 * HIDDEN), ALPHA / Math.sqrt(50 * HIDDEN));
    assertUniform(
        Arrays.copyOfRange(noise, 200 * HIDDEN, 400 * HIDDEN), ALPHA / Math.sqrt(200 * HIDDEN));
  }

  @Test
  void ofPackedRowsTheBoundIsThatOfTheirSequence() throws IOException {
    // Two sequences: of 30 and 60 tokens, and of 160.
    TokenBatch batch =
        TokenBatch.packed(
            List.of(RandomRows.whole(1, 30), RandomRows.whole(2, 60), RandomRows.whole(3, 160)),
            new int[] {90, 160});
    float[] noise = noise(batch, 1);

    assertUniform(Arrays.copyOfRange(noise, 0, 90 * HIDDEN), ALPHA / Math.sqrt(90 * HIDDEN));
    assertUniform(
        Arrays.copyOfRange(noise, 90 * HIDDEN, 250 * HIDDEN), ALPHA / Math.sqrt(160 * HIDDEN));

    float[] alone =
        noise(TokenBatch.packed(List.of(RandomRows.whole(1, 30), RandomRows.whole(2, 60))), 1);
    assertUniform(alone, ALPHA / Math.sqrt(90 * HIDDEN));
  }

  @Test
  void followsFromTheSeed() throws IOException {
    TokenBatch batch = TokenBatch.of(List.of(RandomRows.whole(1, 40)));

    assertThat(noise(batch, 3)).isEqualTo(noise(batch, 3)).isNotEqualTo(noise(batch, 4));
  }

  /** Step and pass decide, not what was drawn before. */
  @Test
  void eachPassOfEachStepHasASeedOfItsOwn() {
    EmbeddingNoise noise = new EmbeddingNoise(ALPHA, 42);
    noise.startStep(7);
    long first = noise.nextSeed();
    long second = noise.nextSeed();
    noise.startStep(8);
    long next = noise.nextSeed();
    noise.startStep(7);

    assertThat(noise.nextSeed()).isEqualTo(first);
    assertThat(Set.of(first, second, next, other().nextSeed())).hasSize(4);
  }

  private static EmbeddingNoise other() {
    EmbeddingNoise other = new EmbeddingNoise(ALPHA, 43);
    other.startStep(7);
    return other;
  }

  /**
   * The noise is a constant to the backward pass: gradients are the slopes of the loss under the
   * same noise, of the embeddings and of a matrix above them, whether blocks are kept or not.
   */
  @Test
  void gradientsAreThoseOfTheLossUnderThatNoise() throws IOException {
    String matrix = "model.layers.1.mlp.down_proj.weight";
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    TokenBatch batch = TokenBatch.of(List.of(RandomRows.whole(1, 12), RandomRows.whole(2, 20)));
    for (Activations activations : Activations.values()) {
      try (Transformer model = CpuModels.load(checkpoint, Set.of(EMBEDDING, matrix), activations)) {
        double quiet = loss(model, batch, null);
        model.addNoise(new EmbeddingNoise(ALPHA, 42));
        try (NDManager step = model.newScratch()) {
          Gradients gradients = new Gradients(step);
          double noisy = loss(model, batch, gradients);
          assertThat(noisy).isNotCloseTo(quiet, within(1e-4));
          Map<String, float[]> found = GradientValues.of(gradients);
          for (String name : List.of(EMBEDDING, matrix)) {
            assertSlope(model, batch, name, found.get(name));
          }
        }
      }
    }
  }

  /** Along the gradient itself, where the slope is its squared norm. */
  private static void assertSlope(
      Transformer model, TokenBatch batch, String name, float[] direction) {
    NDArray master = model.trained().get(name).master().upper();
    float[] values = master.toFloatArray();
    double squares = 0;
    for (float value : direction) {
      squares += (double) value * value;
    }
    double reach = 0.02 / Math.sqrt(squares);
    double[] losses = new double[2];
    for (int side = 0; side < 2; side++) {
      float[] moved = values.clone();
      for (int i = 0; i < moved.length; i++) {
        moved[i] += (float) ((side == 0 ? -reach : reach) * direction[i]);
      }
      master.set(moved);
      losses[side] = loss(model, batch, null);
    }
    master.set(values);
    assertThat((losses[1] - losses[0]) / (2 * reach))
        .as(name)
        .isCloseTo(squares, within(0.01 * squares));
  }

  /** The mean loss of the first pass of step 1, as it is differentiated. */
  private static double loss(Transformer model, TokenBatch batch, @Nullable Gradients gradients) {
    model.startStep(1);
    double[] sum = new double[1];
    try (NDManager scratch = model.newScratch()) {
      HostLoss.differentiate(
          model,
          batch,
          logProbs -> {
            for (float logProb : logProbs) {
              sum[0] -= logProb / logProbs.length;
            }
            return GoldenBatches.meanLoss(logProbs);
          },
          gradients == null ? new Gradients(scratch) : gradients);
    }
    return sum[0];
  }

  /** What is added to the embeddings of a batch, token by token. */
  private float[] noise(TokenBatch batch, long seed) throws IOException {
    Path checkpoint = folder.resolve("tiny-llama");
    if (!checkpoint.toFile().exists()) {
      Fixture.LLAMA.copyTo(folder);
    }
    ModelConfig config = ConfigReader.read(Checkpoint.open(checkpoint));
    ModelLayout layout = new ModelLayout(config);
    try (Devices devices =
        new Devices(Placement.on("cpu", Precision.FLOAT32, Activations.KEPT), layout)) {
      NDManager manager = devices.manager(0);
      Weights weights =
          Weights.load(
              devices, Checkpoint.open(checkpoint), layout, Trainable.nothing(), Precision.FLOAT32);
      NDArray like = devices.store(0).like(manager, Precision.FLOAT32);
      try (Ends ends =
          new Ends(
              manager, config, layout, weights.tensors(), Adapters.none(), Precision.FLOAT32)) {
        long[] ids = Arrays.stream(batch.ids()).asLongStream().toArray();
        NDArray input = manager.create(ids, new Shape(batch.batch(), batch.seq()));
        NDArray bounds =
            new EmbeddingNoise(ALPHA, 0).bounds(batch, HIDDEN, devices.uploads(0), manager);
        float[] quiet = ends.embed(input, like, manager).toFloatArray();
        float[] noisy = ends.embedWithNoise(input, like, bounds, seed, manager).toFloatArray();
        for (int i = 0; i < noisy.length; i++) {
          noisy[i] -= quiet[i];
        }
        return noisy;
      }
    }
  }

  /** Mean 0, variance {@code bound^2 / 3}, each within five standard errors; nothing outside. */
  private static void assertUniform(float[] noise, double bound) {
    double sum = 0;
    double squares = 0;
    double largest = 0;
    for (float value : noise) {
      sum += value;
      squares += (double) value * value;
      largest = Math.max(largest, Math.abs(value));
    }
    int n = noise.length;
    assertThat(largest).isBetween(0.99 * bound, bound * (1 + 1e-5));
    assertThat(sum / n).isCloseTo(0, within(5 * bound / Math.sqrt(3.0 * n)));
    // The variance of the square of a uniform value is 4/45 of the bound's fourth power.
    assertThat(squares / n)
        .isCloseTo(bound * bound / 3, within(5 * bound * bound * Math.sqrt(4 / 45.0 / n)));
  }
}
