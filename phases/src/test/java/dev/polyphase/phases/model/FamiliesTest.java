package dev.polyphase.phases.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.data.Example;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.model.ExpertsByHand.Names;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What each family computes, with all that its configuration may ask for, against plain Java: the
 * parts that its blocks are put together from, its tensors' names and shapes, and the gradients.
 */
class FamiliesTest {
  private static final int HIDDEN = 16;
  private static final int INNER = 24;
  private static final int VOCABULARY = 30;
  private static final int HEADS = 4;
  private static final int KEY_VALUE_HEADS = 2;
  private static final int LAYERS = 2;

  /** Longer and shorter than the windows. */
  private static final int[][] ROWS = {
    {3, 17, 9, 29, 0, 11, 11, 5, 21}, {8, 2, 26, 14}, {1, 7, 19, 23, 4, 4}
  };

  @TempDir Path folder;

  static List<Model> models() {
    Set<String> queriesKeysValues = Set.of("q_proj", "k_proj", "v_proj");
    Set<String> attention = Set.of("q_proj", "k_proj", "v_proj", "o_proj");
    Set<String> all =
        Set.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");
    return List.of(
        new Model(
            "Llama",
            "\"attention_bias\": true, \"mlp_bias\": true",
            all,
            4,
            false,
            true,
            List.of(0, 0),
            null),
        new Model(
            "Mistral",
            "\"head_dim\": 6, \"sliding_window\": 5, \"tie_word_embeddings\": true",
            Set.of(),
            6,
            false,
            false,
            List.of(5, 5),
            null),
        new Model(
            "Qwen2",
            "\"use_sliding_window\": true, \"sliding_window\": 4, \"max_window_layers\": 1",
            queriesKeysValues,
            4,
            false,
            true,
            List.of(0, 4),
            null),
        new Model(
            "Qwen3",
            "\"head_dim\": 8, \"attention_bias\": true",
            attention,
            8,
            true,
            true,
            List.of(0, 0),
            null),
        new Model(
            "Qwen3Moe",
            "\"head_dim\": 8, \"moe_intermediate_size\": 10, \"num_experts\": 5,"
                + " \"num_experts_per_tok\": 3, \"mlp_only_layers\": [1]",
            Set.of(),
            8,
            true,
            true,
            List.of(0, 0),
            new ExpertsByHand(Names.QWEN, 5, 3, false, 10)),
        new Model(
            "Qwen3Moe",
            "\"head_dim\": 8, \"moe_intermediate_size\": 10, \"num_local_experts\": 5,"
                + " \"num_experts_per_tok\": 2, \"decoder_sparse_step\": 2,"
                + " \"norm_topk_prob\": true, \"attention_bias\": true",
            attention,
            8,
            true,
            true,
            List.of(0, 0),
            new ExpertsByHand(Names.FUSED, 5, 2, true, 10)),
        new Model(
            "Mixtral",
            "\"num_local_experts\": 3, \"sliding_window\": 5",
            Set.of(),
            4,
            false,
            true,
            List.of(5, 5),
            new ExpertsByHand(Names.MIXTRAL, 3, 2, true, INNER)),
        new Model(
            "GptOss",
            "\"num_local_experts\": 4, \"num_experts_per_tok\": 2, \"head_dim\": 4,"
                + " \"sliding_window\": 5,"
                + " \"rope_scaling\": {\"rope_type\": \"default\"}",
            attention,
            4,
            false,
            true,
            List.of(5, 0),
            new ExpertsByHand(Names.GPT_OSS, 4, 2, true, INNER)));
  }

  /**
   * A family's tiny model; what is not said here is the same in all.
   *
   * @param name of the family
   * @param keys of its configuration beside those of all
   * @param biased the linear layers that have a bias
   * @param headDim values of a head
   * @param headNorms whether queries and keys are normed
   * @param ownHead whether the head is not the embedding
   * @param windows of the layers
   * @param experts in the place of the MLP, but in the layers that have none; null for no experts
   */
  record Model(
      String name,
      String keys,
      Set<String> biased,
      int headDim,
      boolean headNorms,
      boolean ownHead,
      List<Integer> windows,
      @Nullable ExpertsByHand experts) {

    private String config() {
      return """
          {"architectures": ["%sForCausalLM"], "hidden_size": %d, "intermediate_size": %d,
           "vocab_size": %d, "num_attention_heads": %d, "num_key_value_heads": %d,
           "num_hidden_layers": %d, "rms_norm_eps": 0.01, "rope_theta": 50, %s}
          """
          .formatted(name, HIDDEN, INNER, VOCABULARY, HEADS, KEY_VALUE_HEADS, LAYERS, keys);
    }

    /** The shape of each tensor, by its name. */
    private Map<String, List<Integer>> shapes() {
      Map<String, List<Integer>> shapes = new LinkedHashMap<>();
      shapes.put("model.embed_tokens.weight", List.of(VOCABULARY, HIDDEN));
      for (int layer = 0; layer < LAYERS; layer++) {
        String block = "model.layers." + layer + ".";
        shapes.put(block + "input_layernorm.weight", List.of(HIDDEN));
        shapes.put(block + "post_attention_layernorm.weight", List.of(HIDDEN));
        linear(shapes, block + "self_attn.", "q_proj", HEADS * headDim, HIDDEN);
        linear(shapes, block + "self_attn.", "k_proj", KEY_VALUE_HEADS * headDim, HIDDEN);
        linear(shapes, block + "self_attn.", "v_proj", KEY_VALUE_HEADS * headDim, HIDDEN);
        linear(shapes, block + "self_attn.", "o_proj", HIDDEN, HEADS * headDim);
        if (hasExperts(layer)) {
          shapes.putAll(requireNonNull(experts).shapes(block, HIDDEN));
        } else {
          linear(shapes, block + "mlp.", "gate_proj", INNER, HIDDEN);
          linear(shapes, block + "mlp.", "up_proj", INNER, HIDDEN);
          linear(shapes, block + "mlp.", "down_proj", HIDDEN, INNER);
        }
        if (name.equals("GptOss")) {
          shapes.put(block + "self_attn.sinks", List.of(HEADS));
        }
        if (headNorms) {
          shapes.put(block + "self_attn.q_norm.weight", List.of(headDim));
          shapes.put(block + "self_attn.k_norm.weight", List.of(headDim));
        }
      }
      shapes.put("model.norm.weight", List.of(HIDDEN));
      if (ownHead) {
        shapes.put("lm_head.weight", List.of(VOCABULARY, HIDDEN));
      }
      return shapes;
    }

    private void linear(
        Map<String, List<Integer>> shapes, String group, String module, int out, int in) {
      shapes.put(group + module + ".weight", List.of(out, in));
      if (biased.contains(module)) {
        shapes.put(group + module + ".bias", List.of(out));
      }
    }

    private boolean hasExperts(int layer) {
      return experts != null
          && !(keys.contains("mlp_only_layers") && layer == 1)
          && !(keys.contains("decoder_sparse_step") && layer == 0);
    }

    private DecoderByHand byHand(Map<String, double[]> tensors) {
      return new DecoderByHand(
          tensors,
          HEADS,
          KEY_VALUE_HEADS,
          0.01,
          50,
          windows,
          (block, x) ->
              tensors.containsKey(block + "mlp.gate_proj.weight")
                  ? Optional.empty()
                  : Optional.of(requireNonNull(experts).of(tensors, block, x)));
    }
  }

  @ParameterizedTest
  @MethodSource("models")
  void logProbabilitiesAndGradientsAreThoseOfPlainJava(Model family) throws IOException {
    Map<String, double[]> tensors = write(family);
    Set<String> all = tensors.keySet();
    DecoderByHand byHand = family.byHand(tensors);

    for (Activations activations : Activations.values()) {
      try (Transformer model = CpuModels.load(folder, all, activations)) {
        for (TokenBatch batch : List.of(TokenBatch.of(rows()), TokenBatch.packed(rows()))) {
          double[] expected = logProbs(byHand);
          float[] found = model.logProbs(batch);
          assertThat(found).hasSize(expected.length);
          for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i]).isCloseTo(expected[i], within(1e-5));
          }
          Map<String, float[]> gradients = GradientValues.ofMeanLoss(model, batch);
          assertThat(gradients.keySet()).isEqualTo(all);
          gradients.forEach((name, gradient) -> assertSlopes(byHand, name, gradient));
        }
      }
    }
  }

  /**
   * The slope of the loss along the gradient is its norm, and along any other direction its part in
   * that direction.
   */
  private static void assertSlopes(DecoderByHand byHand, String name, float[] gradient) {
    double[] along = new double[gradient.length];
    double[] across = new double[gradient.length];
    Random random = new Random(name.hashCode());
    for (int i = 0; i < gradient.length; i++) {
      along[i] = gradient[i];
      across[i] = random.nextGaussian();
    }
    double norm = norm(along);
    assertThat(norm).as(name).isPositive();
    for (double[] direction : List.of(along, across)) {
      double length = norm(direction);
      double expected = 0;
      for (int i = 0; i < gradient.length; i++) {
        direction[i] /= length;
        expected += direction[i] * gradient[i];
      }
      double step = 1e-4;
      double slope =
          (loss(byHand, name, direction, step) - loss(byHand, name, direction, -step)) / (2 * step);
      assertThat(slope).as(name).isCloseTo(expected, within(1e-4 * norm));
    }
  }

  private static double loss(DecoderByHand byHand, String name, double[] direction, double step) {
    double[] tensor = byHand.tensors().get(name);
    double[] kept = tensor.clone();
    for (int i = 0; i < tensor.length; i++) {
      tensor[i] += step * direction[i];
    }
    double sum = 0;
    double[] logProbs = logProbs(byHand);
    for (double logProb : logProbs) {
      sum -= logProb;
    }
    System.arraycopy(kept, 0, tensor, 0, tensor.length);
    return sum / logProbs.length;
  }

  private static double[] logProbs(DecoderByHand byHand) {
    List<Double> all = new ArrayList<>();
    for (int[] row : ROWS) {
      for (double logProb : byHand.logProbs(row)) {
        all.add(logProb);
      }
    }
    return all.stream().mapToDouble(Double::doubleValue).toArray();
  }

  private static double norm(double[] values) {
    double squares = 0;
    for (double value : values) {
      squares += value * value;
    }
    return Math.sqrt(squares);
  }

  private static List<Example> rows() {
    List<Example> rows = new ArrayList<>();
    for (int[] row : ROWS) {
      rows.add(new Example(row, row));
    }
    return rows;
  }

  /** Writes a model of random weights, norms around 1, into the folder. */
  private Map<String, double[]> write(Model family) throws IOException {
    Random random = new Random(11);
    Map<String, double[]> tensors = new LinkedHashMap<>();
    Map<String, List<float[]>> stored = new LinkedHashMap<>();
    Map<String, List<Long>> shapes = new LinkedHashMap<>();
    family
        .shapes()
        .forEach(
            (name, shape) -> {
              float[] values = new float[shape.stream().reduce(1, Math::multiplyExact)];
              double[] exact = new double[values.length];
              for (int i = 0; i < values.length; i++) {
                double middle = name.contains("norm") ? 1 : 0;
                values[i] = (float) (middle + 0.3 * random.nextGaussian());
                exact[i] = values[i];
              }
              tensors.put(name, exact);
              // Parts of one tensor stand together in it.
              String tensor = name.replaceFirst("\\[\\d+]$", "");
              stored.computeIfAbsent(tensor, of -> new ArrayList<>()).add(values);
              shapes.put(tensor, shape.stream().map(Integer::longValue).toList());
              if (!tensor.equals(name)) {
                List<Long> whole = new ArrayList<>(shapes.get(tensor));
                whole.add(0, (long) stored.get(tensor).size());
                shapes.put(tensor, whole);
              }
            });
    HandMadeTensors file = new HandMadeTensors();
    stored.forEach((name, parts) -> file.float32(name, shapes.get(name), joined(parts)));
    file.writeTo(folder);
    Files.writeString(folder.resolve("config.json"), family.config());
    return tensors;
  }

  private static float[] joined(List<float[]> parts) {
    int length = parts.get(0).length;
    float[] joined = new float[parts.size() * length];
    for (int i = 0; i < parts.size(); i++) {
      System.arraycopy(parts.get(i), 0, joined, i * length, length);
    }
    return joined;
  }
}
