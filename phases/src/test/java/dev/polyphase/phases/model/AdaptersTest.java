package dev.polyphase.phases.model;

import static dev.polyphase.phases.model.AdaptedModels.ALL;
import static dev.polyphase.phases.model.AdaptedModels.RANK;
import static dev.polyphase.phases.model.AdaptedModels.SCALE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Adapters against the model that they are merged into by plain Java. */
class AdaptersTest {
  /** Not all layers, nor all of a layer. */
  private static final String SOME = "model\\.layers\\.1\\.(self_attn\\.[qo]_proj|mlp\\.down_proj)";

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void beginAsTheModelItself(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    try (Transformer plain = CpuModels.load(base, Set.of(), Activations.KEPT);
        Transformer adapted =
            AdaptedModels.load(
                base, Set.of(), AdaptedModels.adapters(base, ALL, 0.5), Activations.KEPT)) {
      float[] wanted = plain.logProbs(batch);
      assertThat(TensorValues.largestDifference(adapted.logProbs(batch), wanted)).isLessThan(5e-6);
      assertThat(
              TensorValues.largestDifference(AdaptedModels.trainedLogProbs(adapted, batch), wanted))
          .isLessThan(5e-6);
    }
  }

  @Test
  void firstValuesAreThoseOfPeft() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    String up = "model.layers.2.mlp.up_proj";
    try (Transformer model =
        AdaptedModels.load(
            base, Set.of(), AdaptedModels.adapters(base, ALL, 0), Activations.KEPT)) {
      NDArray a = model.trained().get(up + ".lora_A.weight").master().upper();
      NDArray b = model.trained().get(up + ".lora_B.weight").master().upper();
      assertThat(a.getShape()).isEqualTo(new Shape(RANK, 64));
      assertThat(b.getShape()).isEqualTo(new Shape(160, RANK));
      assertThat(b.toFloatArray()).containsOnly(0f);
      // Uniform between -1/8 and 1/8: of 192 values the mean square is 1/192, give or take 6.5 %.
      float[] values = a.toFloatArray();
      assertThat(TensorValues.largest(values)).isBetween(0.12, 0.125);
      double squares = 0;
      for (float value : values) {
        squares += (double) value * value;
      }
      assertThat(squares).isCloseTo(1, within(0.26));
    }
  }

  @Test
  void firstValuesFollowFromTheSeedAndTheModule() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Adapters adapters = AdaptedModels.adapters(base, ALL, 0);
    Adapters others = new Adapters(adapters.modules(), RANK, SCALE, 0, adapters.seed() + 1);
    String q = "model.layers.0.self_attn.q_proj.lora_A.weight";
    try (Transformer one = AdaptedModels.load(base, Set.of(), adapters, Activations.KEPT);
        Transformer same = AdaptedModels.load(base, Set.of(), adapters, Activations.KEPT);
        Transformer another = AdaptedModels.load(base, Set.of(), others, Activations.KEPT)) {
      float[] values = one.trained().get(q).master().upper().toFloatArray();
      assertThat(same.trained().get(q).master().upper().toFloatArray()).isEqualTo(values);
      assertThat(another.trained().get(q).master().upper().toFloatArray()).isNotEqualTo(values);
      assertThat(one.trained().get(q.replace(".0.", ".1.")).master().upper().toFloatArray())
          .isNotEqualTo(values);
    }
  }

  @ParameterizedTest
  @EnumSource
  void gradientsOfAllAdapters(Fixture fixture) throws IOException {
    assertGradients(fixture, ALL, "none");
  }

  @ParameterizedTest
  @EnumSource
  void gradientsOfAdaptersBesideTrainedTensors(Fixture fixture) throws IOException {
    assertGradients(
        fixture, SOME, "model\\.embed_tokens\\.weight|.*norm\\.weight|.*layers\\.2\\.mlp\\..*");
  }

  @ParameterizedTest
  @EnumSource(names = {"LLAMA", "QWEN3_NORMS"})
  void gradientsOfAnAdaptedHeadAlone(Fixture fixture) throws IOException {
    assertGradients(fixture, "lm_head", "none");
  }

  @ParameterizedTest
  @EnumSource
  void mergedAreTheAdaptedModel(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, ALL, 0);
    try (Transformer adapted = AdaptedModels.load(base, Set.of(), adapters, Activations.KEPT)) {
      AdaptedModels.disturb(adapted);
      Path merged = MergedByHand.merge(base, adapted, folder.resolve("merged"));
      float[] found = adapted.logProbs(batch);
      try (Transformer plain = CpuModels.load(merged, Set.of(), Activations.KEPT);
          NDManager scratch = adapted.newScratch()) {
        float[] wanted = plain.logProbs(batch);
        assertThat(TensorValues.largestDifference(found, wanted)).isLessThan(1e-5);
        try (Transformer untouched = CpuModels.load(base, Set.of(), Activations.KEPT)) {
          assertThat(TensorValues.largestDifference(untouched.logProbs(batch), wanted))
              .isGreaterThan(0.01);
        }
        for (String module : adapters.modules()) {
          TensorInfo before = Checkpoint.open(base).find(module + ".weight").orElseThrow();
          TensorInfo after = Checkpoint.open(merged).find(module + ".weight").orElseThrow();
          assertThat(
                  TensorValues.largestDifference(
                      adapted.weights().merged(before, scratch).toFloatArray(),
                      TensorValues.floats(after)))
              .as(module)
              .isLessThan(1e-6);
        }
      }
    }
  }

  @Test
  void bfloat16StaysNearFloat32() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, ALL, 0.2);
    try (Transformer exact = AdaptedModels.load(base, Set.of(), adapters, Activations.KEPT);
        Transformer rounded =
            CpuModels.load(base, Set.of(), adapters, Precision.BFLOAT16, Activations.RECOMPUTED)) {
      AdaptedModels.disturb(exact);
      AdaptedModels.disturb(rounded);
      Map<String, float[]> found = GradientValues.ofMeanLoss(rounded, batch);
      assertThat(found.keySet()).isEqualTo(rounded.trained().names());
      for (float[] gradient : found.values()) {
        assertThat(TensorValues.largest(gradient)).isPositive().isFinite();
      }
      assertThat(TensorValues.largestDifference(rounded.logProbs(batch), exact.logProbs(batch)))
          .isBetween(1e-6, 0.2);
    }
  }

  private void assertGradients(Fixture fixture, String modules, String tensors) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, modules, 0);
    Set<String> whole =
        ParameterNames.of(base).stream()
            .filter(name -> name.matches(tensors))
            .collect(Collectors.toSet());
    for (Activations activations : Activations.values()) {
      try (Transformer model = AdaptedModels.load(base, whole, adapters, activations)) {
        AdaptedModels.disturb(model);
        Path merged = MergedByHand.merge(base, model, folder.resolve("merged-" + activations));
        GradientValues.assertClose(
            GradientValues.ofMeanLoss(model, batch),
            MergedByHand.gradients(merged, model, whole, batch),
            2e-5);
        model.startStep(1);
        GradientValues.assertClose(
            GradientValues.ofMeanLossKnownBeforehand(model, batch),
            GradientValues.ofMeanLoss(model, batch),
            2e-5);
      }
    }
  }
}
