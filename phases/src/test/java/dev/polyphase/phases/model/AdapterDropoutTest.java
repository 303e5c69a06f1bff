package dev.polyphase.phases.model;

import static dev.polyphase.phases.model.AdaptedModels.ALL;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Kernel;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What adapters drop in training. */
class AdapterDropoutTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"LLAMA, lm_head", "LLAMA, .*", "QWEN2, .*"})
  void whatIsDroppedIsTheSameWhenComputedAgain(Fixture fixture, String modules) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, modules.equals(".*") ? ALL : modules, 0.3);
    try (Transformer kept = AdaptedModels.load(base, Set.of(), adapters, Activations.KEPT);
        Transformer recomputed =
            AdaptedModels.load(base, Set.of(), adapters, Activations.RECOMPUTED)) {
      AdaptedModels.disturb(kept);
      AdaptedModels.disturb(recomputed);
      kept.startStep(4);
      recomputed.startStep(4);
      Map<String, float[]> first = GradientValues.ofMeanLoss(kept, batch);
      GradientValues.assertClose(GradientValues.ofMeanLoss(recomputed, batch), first, 1e-6);
      // The second pass of a step drops others, and so does another step.
      String name = first.keySet().iterator().next();
      assertThat(GradientValues.ofMeanLoss(kept, batch).get(name)).isNotEqualTo(first.get(name));
      kept.startStep(5);
      assertThat(GradientValues.ofMeanLoss(kept, batch).get(name)).isNotEqualTo(first.get(name));
      kept.startStep(4);
      GradientValues.assertClose(GradientValues.ofMeanLoss(kept, batch), first, 1e-6);
      // Nothing is dropped but in training.
      assertThat(kept.logProbs(batch)).isEqualTo(kept.logProbs(batch));
    }
  }

  /** With the same values dropped the loss is a smooth function of the adapters. */
  @ParameterizedTest
  @CsvSource({
    "LLAMA, lm_head",
    "LLAMA, model.layers.1.mlp.down_proj",
    "QWEN2, model.layers.2.self_attn.v_proj",
    "QWEN3_NORMS, model.layers.0.self_attn.q_proj"
  })
  void gradientsWithDropoutAreThoseOfTheLoss(Fixture fixture, String module) throws IOException {
    Path base = fixture.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    try (Transformer model =
        AdaptedModels.load(
            base, Set.of(), AdaptedModels.adapters(base, ALL, 0.4), Activations.RECOMPUTED)) {
      AdaptedModels.disturb(model);
      model.startStep(1);
      Map<String, float[]> gradients = GradientValues.ofMeanLoss(model, batch);
      for (String name : new String[] {module + ".lora_A.weight", module + ".lora_B.weight"}) {
        NDArray master = model.trained().get(name).master().upper();
        float[] gradient = gradients.get(name);
        // Along the gradient itself, whose slope is its norm.
        double norm = 0;
        for (float value : gradient) {
          norm += (double) value * value;
        }
        norm = Math.sqrt(norm);
        double step = 1e-2;
        double above = lossAfter(model, master, gradient, step / norm, batch);
        double below = lossAfter(model, master, gradient, -2 * step / norm, batch);
        assertThat((above - below) / (2 * step)).as(name).isCloseTo(norm, within(0.02 * norm));
      }
    }
  }

  @Test
  void droppedValuesAreTheShareAskedForAndTheOthersMakeUpForThem() {
    Map<String, Object> constants = new HashMap<>(EndRules.NONE.constants(Precision.FLOAT32));
    constants.putAll(
        Map.of(
            "rms_norm_eps",
            1e-6,
            "chunk_tokens",
            256,
            "group_tokens",
            256,
            "adapter_scale",
            1.0,
            "kept_share",
            0.75,
            "on_gpu",
            "False",
            "device",
            "cpu"));
    RmsNorm norm = new RmsNorm(1e-6, RmsNorm.Form.WEIGHT_AFTER_ROUNDING);
    try (NDManager manager = Libtorch.newManager("cpu");
        Kernel kernel = Kernel.load(manager, Ends.class, Ends.sources(norm), constants)) {
      NDArray ones = manager.ones(new Shape(400, 100));
      float[] dropped =
          kernel.method("dropped").with(ones).withNumber(9).runForOne(manager).toFloatArray();
      int zeros = 0;
      for (float value : dropped) {
        assertThat(value).isIn(0f, (float) (1 / 0.75));
        zeros += value == 0 ? 1 : 0;
      }
      // Of 40,000 a quarter, within four standard deviations of 87.
      assertThat(zeros).isBetween(10_000 - 348, 10_000 + 348);
      assertThat(kernel.method("dropped").with(ones).withNumber(-1).runForOne(manager))
          .isEqualTo(ones);
    }
  }

  private static double lossAfter(
      Transformer model, NDArray master, float[] direction, double distance, TokenBatch batch) {
    try (NDManager scratch = model.newScratch()) {
      NDArray step = scratch.create(direction, master.getShape()).muli(distance);
      master.addi(step);
    }
    model.startStep(1);
    double loss = 0;
    for (float logProb : AdaptedModels.trainedLogProbs(model, batch)) {
      loss -= logProb;
    }
    return loss / batch.lossTokens();
  }
}
