package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.data.Example;
import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.Document;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The loss of routing against transformers' figures, computed in float64 with a weight of 1 of the
 * fixtures' rows, the second of which is 7 tokens shorter and the third 3.
 */
class RoutingLossTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"qwen3-moe", "mixtral", "gpt-oss"})
  void lossAndGradientsAreThoseOfTransformers(String name) throws IOException {
    Path checkpoint = asked(name, 1);
    JsonNode wanted =
        JSON.readTree(RoutingLossTest.class.getResourceAsStream("routing-loss.json")).path(name);
    TokenBatch batch = TokenBatch.of(rows(name));
    for (Placement placement :
        List.of(
            Placement.on("cpu", Precision.FLOAT32, Activations.KEPT),
            Placement.on("cpu", Precision.FLOAT32, Activations.RECOMPUTED),
            new Placement(
                List.of("cpu", "cpu"),
                List.of(0, 2),
                Precision.FLOAT32,
                Activations.RECOMPUTED,
                false))) {
      try (Transformer model = load(checkpoint, ParameterNames.of(checkpoint), placement)) {
        Found found = differentiate(model, batch);
        assertThat(found.routing).isCloseTo(wanted.path("aux_loss").doubleValue(), within(2e-5));
        assertThat(found.loss).isCloseTo(wanted.path("loss").doubleValue(), within(1e-4));
        Map<String, Double> squares = new TreeMap<>();
        found.gradients.forEach(
            (tensor, gradient) -> {
              double sum = 0;
              for (float value : gradient) {
                sum += (double) value * value;
              }
              squares.merge(GoldenNames.of(tensor), sum, Double::sum);
            });
        wanted
            .path("grad_norm")
            .properties()
            .forEach(
                norm ->
                    assertThat(Math.sqrt(squares.get(norm.getKey())))
                        .as(norm.getKey())
                        .isCloseTo(
                            norm.getValue().doubleValue(),
                            within(1e-3 * norm.getValue().doubleValue())));
      }
    }
  }

  @Test
  void isNotThereWhereNobodyAsksForIt() throws IOException {
    Path checkpoint = FamilyModel.of("mixtral").copyTo(folder);
    try (Transformer model = load(checkpoint, Set.of("lm_head.weight"), cpu())) {
      assertThat(model.routingLoss(1).mean()).isEmpty();
      Found found = differentiate(model, TokenBatch.of(rows("mixtral")));
      assertThat(found.routing).isNaN();
    }
  }

  @Test
  void countsEachPassOfAStepAlikeAndPaddingNot() throws IOException {
    Path checkpoint = asked("qwen3-moe", 3);
    List<Example> rows = rows("qwen3-moe");
    TokenBatch first = TokenBatch.of(rows.subList(0, 1));
    TokenBatch second = TokenBatch.of(rows.subList(1, 3));
    Set<String> all = ParameterNames.of(checkpoint);
    try (Transformer model = load(checkpoint, all, cpu())) {
      Found ofFirst = differentiate(model, first);
      Found ofSecond = differentiate(model, second);
      Found ofBoth = differentiate(model, first, second);
      assertThat(ofBoth.routing).isCloseTo((ofFirst.routing + ofSecond.routing) / 2, within(1e-6));
      String router = "model.layers.2.mlp.gate.weight";
      float[] plain = GradientValues.ofMeanLoss(model, TokenBatch.of(rows)).get(router);
      float[] plainOfFirst = GradientValues.ofMeanLoss(model, first).get(router);
      float[] plainOfSecond = GradientValues.ofMeanLoss(model, second).get(router);
      float[] mean = new float[plain.length];
      for (int i = 0; i < mean.length; i++) {
        double ofRouting =
            (ofFirst.gradients.get(router)[i]
                    - plainOfFirst[i]
                    + ofSecond.gradients.get(router)[i]
                    - plainOfSecond[i])
                / 2;
        mean[i] = (float) (plain[i] + ofRouting);
      }
      assertThat(TensorValues.largestDifference(ofBoth.gradients.get(router), mean))
          .isLessThan(1e-5 * TensorValues.largest(mean));
      Found packed = differentiate(model, TokenBatch.packed(rows.subList(1, 3)));
      assertThat(packed.routing).isCloseTo(ofSecond.routing, within(1e-6));
      GradientValues.assertClose(packed.gradients, ofSecond.gradients, 1e-4);
    }
  }

  @Test
  void countsAPrefixOnceForEachRowThatHasIt() throws IOException {
    Path checkpoint = asked("qwen3-moe", 1);
    Example whole = RandomRows.whole(1, 19);
    int[] prompt = Arrays.copyOf(whole.ids(), 11);
    Example other = RandomRows.whole(2, 6);
    List<Example> rows = List.of(whole, Example.afterPrompt(prompt, other.ids()));
    TokenBatch shared =
        TokenBatch.packedDocuments(
            List.of(Document.of(whole), new Document(other, 0, prompt.length)),
            new int[] {whole.tokens() + other.tokens()});
    try (Transformer model = load(checkpoint, ParameterNames.of(checkpoint), cpu())) {
      double expected = differentiate(model, TokenBatch.of(rows)).routing;
      assertThat(differentiate(model, shared).routing).isCloseTo(expected, within(1e-6));
    }
  }

  @Test
  void hearsOfFrozenLayersBelowTheLowestTrainedOne() throws IOException {
    Path checkpoint = asked("mixtral", 1);
    Set<String> top =
        ParameterNames.of(checkpoint).stream()
            .filter(name -> name.contains("layers.3."))
            .collect(Collectors.toSet());
    TokenBatch batch = TokenBatch.of(rows("mixtral"));
    try (Transformer all = load(checkpoint, ParameterNames.of(checkpoint), cpu());
        Transformer some = load(checkpoint, top, cpu());
        NDManager scratch = some.newScratch()) {
      Found expected = differentiate(all, batch);
      Found found = differentiate(some, batch);
      assertThat(found.routing).isCloseTo(expected.routing, within(1e-6));
      Map<String, float[]> wanted = new HashMap<>(expected.gradients);
      wanted.keySet().retainAll(top);
      GradientValues.assertClose(found.gradients, wanted, 1e-5);
      RoutingLoss held = some.routingLoss(1);
      some.figures(batch, HeadFigures.NONE, held, scratch);
      assertThat(held.mean()).isEqualTo(OptionalDouble.of(found.routing));
    }
  }

  /**
   * A step.
   *
   * @param loss with that of routing
   * @param routing its mean; NaN where there is none
   */
  private record Found(double loss, double routing, Map<String, float[]> gradients) {}

  private static Found differentiate(Transformer model, TokenBatch... batches) {
    int targets = Arrays.stream(batches).mapToInt(TokenBatch::lossTokens).sum();
    RoutingLoss routing = model.routingLoss(batches.length);
    try (NDManager step = model.newScratch()) {
      Gradients gradients = new Gradients(step, routing);
      double loss = 0;
      for (TokenBatch batch : batches) {
        for (float logProb :
            model
                .differentiate(batch, -1.0 / targets, gradients, step)
                .orElseThrow()
                .toFloatArray()) {
          loss -= logProb / targets;
        }
      }
      return new Found(
          loss + routing.weighted(),
          routing.mean().orElse(Double.NaN),
          GradientValues.of(gradients));
    }
  }

  private static List<Example> rows(String name) {
    List<Example> rows = GoldenBatches.examples(FamilyModel.of(name).golden());
    int[] shorter = {0, 7, 3};
    List<Example> cut = new ArrayList<>();
    for (int i = 0; i < shorter.length; i++) {
      int tokens = rows.get(i).tokens() - shorter[i];
      cut.add(
          new Example(
              Arrays.copyOf(rows.get(i).ids(), tokens),
              Arrays.copyOf(rows.get(i).labels(), tokens)));
    }
    return cut;
  }

  /** A fixture whose configuration asks for the loss. */
  private Path asked(String name, double weight) throws IOException {
    Path checkpoint = FamilyModel.of(name).copyTo(folder);
    Path file = checkpoint.resolve("config.json");
    ObjectNode config = (ObjectNode) JSON.readTree(file.toFile());
    config.put("output_router_logits", true).put("router_aux_loss_coef", weight);
    JSON.writeValue(file.toFile(), config);
    return checkpoint;
  }

  private static Placement cpu() {
    return Placement.on("cpu", Precision.FLOAT32, Activations.KEPT);
  }

  private static Transformer load(Path checkpoint, Set<String> trained, Placement placement)
      throws IOException {
    Checkpoint opened = Checkpoint.open(checkpoint);
    return Transformer.load(
        opened, ConfigReader.read(opened), new Trainable(trained, Adapters.none()), placement);
  }
}
