package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Mixtures of experts: what is stored otherwise, who has no token, adapters, bfloat16. */
class ExpertsTest {
  /**
   * Of whose two tokens one has a target, so that most experts have nothing to do with the loss.
   */
  private static final TokenBatch SHORT = TokenBatch.of(List.of(RandomRows.whole(3, 2)));

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "qwen3-moe, mlp, gate_proj, up_proj, down_proj",
    "mixtral, block_sparse_moe, w1, w3, w2"
  })
  void ownMatricesAndFusedOnesAreTheSameModel(
      String name, String group, String gate, String up, String down) throws IOException {
    Path own = FamilyModel.of(name).copyTo(folder);
    Path fused = folder.resolve("fused");
    Map<String, float[]> parts = fuse(Checkpoint.open(own), fused, group, gate, up, down);
    Files.copy(own.resolve("config.json"), fused.resolve("config.json"));
    TokenBatch batch = RandomRows.uneven(own);
    try (Transformer one = load(own, ParameterNames.of(own), Activations.KEPT);
        Transformer other = load(fused, ParameterNames.of(fused), Activations.KEPT)) {
      assertThat(TensorValues.largestDifference(one.logProbs(batch), other.logProbs(batch)))
          .isLessThan(1e-5);
      Map<String, float[]> gradients = GradientValues.ofMeanLoss(one, batch);
      Map<String, float[]> expected = new HashMap<>();
      for (String parameter : ParameterNames.of(fused)) {
        if (!parameter.endsWith("]")) {
          expected.put(parameter, gradients.get(parameter.replace("mlp.gate.", group + ".gate.")));
        }
      }
      parts
          .keySet()
          .forEach(
              part -> {
                String expert =
                    part.replaceFirst("mlp\\.experts\\..*\\[(\\d+)]", group + ".experts.$1.");
                expected.put(
                    part,
                    part.contains("gate_up_proj")
                        ? joined(
                            gradients.get(expert + gate + ".weight"),
                            gradients.get(expert + up + ".weight"))
                        : gradients.get(expert + down + ".weight"));
              });
      GradientValues.assertClose(GradientValues.ofMeanLoss(other, batch), expected, 1e-5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen3-moe", "mixtral", "gpt-oss"})
  void anExpertWithoutATokenHasAGradientOfZeros(String name) throws IOException {
    Path checkpoint = FamilyModel.of(name).copyTo(folder);
    Set<String> all = ParameterNames.of(checkpoint);
    Map<String, float[]> gradients;
    try (Transformer model = load(checkpoint, all, Activations.KEPT)) {
      gradients = GradientValues.ofMeanLoss(model, SHORT);
    }
    assertThat(gradients.keySet()).isEqualTo(all);
    Set<String> idle =
        gradients.keySet().stream()
            .filter(parameter -> parameter.matches(".*layers\\.0\\..*experts\\..*"))
            .filter(parameter -> TensorValues.largest(gradients.get(parameter)) == 0)
            .collect(Collectors.toSet());
    assertThat(idle).isNotEmpty();
    for (Activations activations : Activations.values()) {
      try (Transformer model = load(checkpoint, idle, activations)) {
        Map<String, float[]> found = GradientValues.ofMeanLoss(model, SHORT);
        assertThat(found.keySet()).isEqualTo(idle);
        found.forEach((tensor, gradient) -> assertThat(TensorValues.largest(gradient)).isZero());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "qwen3-moe, model\\.layers\\.[13]\\..*_proj, none",
    "qwen3-moe, .*layers\\.2\\.mlp\\.(gate|experts\\.[024]\\.down_proj), .*experts\\.1\\..*",
    "mixtral, .*(w[123]|gate), .*norm\\.weight"
  })
  void adaptersOfExpertsHaveTheGradientsOfWhatTheyAreMergedInto(
      String name, String modules, String tensors) throws IOException {
    Path base = FamilyModel.of(name).copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, modules, 0);
    Set<String> whole =
        ParameterNames.of(base).stream()
            .filter(parameter -> parameter.matches(tensors))
            .collect(Collectors.toSet());
    for (Activations activations : Activations.values()) {
      try (Transformer model = AdaptedModels.load(base, whole, adapters, activations)) {
        AdaptedModels.disturb(model);
        Path merged = MergedByHand.merge(base, model, folder.resolve("merged-" + activations));
        GradientValues.assertClose(
            GradientValues.ofMeanLoss(model, batch),
            MergedByHand.gradients(merged, model, whole, batch),
            5e-5);
      }
    }
  }

  @Test
  void whatAdaptersOfExpertsDropIsTheSameWhenComputedAgain() throws IOException {
    Path base = FamilyModel.of("mixtral").copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, ".*w[123]", 0.3);
    try (Transformer kept = AdaptedModels.load(base, Set.of(), adapters, Activations.KEPT);
        Transformer recomputed =
            AdaptedModels.load(base, Set.of(), adapters, Activations.RECOMPUTED)) {
      AdaptedModels.disturb(kept);
      AdaptedModels.disturb(recomputed);
      kept.startStep(4);
      recomputed.startStep(4);
      Map<String, float[]> first = GradientValues.ofMeanLoss(kept, batch);
      GradientValues.assertClose(GradientValues.ofMeanLoss(recomputed, batch), first, 1e-6);
      String name = first.keySet().iterator().next();
      assertThat(GradientValues.ofMeanLoss(kept, batch).get(name)).isNotEqualTo(first.get(name));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"qwen3-moe", "mixtral", "gpt-oss"})
  void bfloat16StaysNearFloat32(String name) throws IOException {
    Path checkpoint = FamilyModel.of(name).copyTo(folder);
    TokenBatch batch = RandomRows.uneven(checkpoint);
    Set<String> all = ParameterNames.of(checkpoint);
    for (Activations activations : Activations.values()) {
      try (Transformer exact = load(checkpoint, all, activations);
          Transformer rounded =
              CpuModels.load(checkpoint, all, Adapters.none(), Precision.BFLOAT16, activations)) {
        double loss = mean(exact.logProbs(batch));
        assertThat(Math.abs(mean(rounded.logProbs(batch)) / loss - 1)).isLessThan(0.01);
        Map<String, float[]> found = GradientValues.ofMeanLoss(rounded, batch);
        double wanted = norm(GradientValues.ofMeanLoss(exact, batch));
        assertThat(Math.abs(norm(found) / wanted - 1)).isLessThan(0.03);
      }
    }
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / values.length;
  }

  private static double norm(Map<String, float[]> gradients) {
    double squares = 0;
    for (float[] gradient : gradients.values()) {
      for (float value : gradient) {
        squares += (double) value * value;
      }
    }
    return Math.sqrt(squares);
  }

  private static Transformer load(Path checkpoint, Set<String> trained, Activations activations)
      throws IOException {
    return CpuModels.load(checkpoint, trained, activations);
  }

  /**
   * Writes a checkpoint with experts of their own matrices as transformers has it in memory.
   *
   * @return the parts of fused tensors, by the names of parameters
   */
  private static Map<String, float[]> fuse(
      Checkpoint own, Path target, String group, String gate, String up, String down)
      throws IOException {
    HandMadeTensors file = new HandMadeTensors();
    Map<String, float[]> parts = new TreeMap<>();
    for (TensorInfo tensor : own.tensors()) {
      String name = tensor.name();
      if (!name.contains(".experts.")) {
        file.float32(
            name.replace(group + ".gate.", "mlp.gate."),
            tensor.shape(),
            TensorValues.floats(tensor));
        continue;
      }
      String block = name.substring(0, name.indexOf(group));
      if (name.matches(".*\\.experts\\.0\\.(" + gate + "|" + down + ")\\.weight")) {
        boolean first = name.endsWith(gate + ".weight");
        List<float[]> each = new ArrayList<>();
        for (int e = 0; own.contains(name.replace("experts.0.", "experts." + e + ".")); e++) {
          String expert = name.replace("experts.0.", "experts." + e + ".");
          float[] values = TensorValues.floats(own.find(expert).orElseThrow());
          if (first) {
            String other = expert.replace(gate + ".weight", up + ".weight");
            values = joined(values, TensorValues.floats(own.find(other).orElseThrow()));
          }
          each.add(values);
          parts.put(
              block + "mlp.experts." + (first ? "gate_up_proj[" : "down_proj[") + e + "]", values);
        }
        long rows = tensor.shape().get(0) * (first ? 2 : 1);
        file.float32(
            block + "mlp.experts." + (first ? "gate_up_proj" : "down_proj"),
            List.of((long) each.size(), rows, tensor.shape().get(1)),
            joined(each.toArray(float[][]::new)));
      }
    }
    file.writeTo(target);
    return parts;
  }

  private static float[] joined(float[]... parts) {
    int length = parts[0].length;
    float[] joined = new float[parts.length * length];
    for (int i = 0; i < parts.length; i++) {
      System.arraycopy(parts[i], 0, joined, i * length, length);
    }
    return joined;
  }
}
