package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.GoldenModel;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Forward pass, loss and the gradient of every parameter against figures that are not ours. */
class GoldenForwardTest {
  @TempDir Path folder;

  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.GoldenModel#all")
  void logits(GoldenModel fixture) throws IOException {
    JsonNode golden = fixture.golden();
    try (Transformer model = load(fixture.copyTo(folder), Set.of())) {
      float[][] logits = model.logits(GoldenBatches.sft(golden));
      int seq = golden.path("input_ids").path(0).size();
      double sum = 0;
      double largest = 0;
      for (float[] row : logits) {
        for (float logit : row) {
          sum += logit;
          largest = Math.max(largest, Math.abs(logit));
        }
      }
      double count = (double) logits.length * logits[0].length;
      double meanTolerance = 1e-4 * golden.path("logits_abs_mean").doubleValue();
      assertThat(sum / count)
          .isCloseTo(golden.path("logits_sum").doubleValue() / count, within(meanTolerance));
      JsonNode last = golden.path("logits_last");
      for (int row = 0; row < last.size(); row++) {
        for (int word = 0; word < last.path(row).size(); word++) {
          assertThat((double) logits[row * seq + seq - 1][word])
              .isCloseTo(last.path(row).path(word).doubleValue(), within(1e-4 * largest));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.polyphase.fixtures.GoldenModel#all")
  void lossAndEveryGradientNorm(GoldenModel fixture) throws IOException {
    JsonNode golden = fixture.golden();
    Map<String, Double> norms = new TreeMap<>();
    golden
        .path("sft")
        .path("grad_norm")
        .properties()
        .forEach(norm -> norms.put(GoldenNames.text(norm.getKey()), norm.getValue().doubleValue()));
    Path checkpoint = fixture.copyTo(folder);
    try (Transformer model = load(checkpoint, ParameterNames.of(checkpoint));
        NDManager step = model.newScratch()) {
      TokenBatch batch = GoldenBatches.sft(golden);
      float[] logProbs = model.logProbs(batch);
      double loss = 0;
      for (float logProb : logProbs) {
        loss -= logProb / (double) logProbs.length;
      }
      double expected = golden.path("sft").path("loss").doubleValue();
      assertThat(loss).isCloseTo(expected, within(1e-4 * expected));

      Gradients gradients = new Gradients(step);
      HostLoss.differentiate(model, batch, GoldenBatches::meanLoss, gradients);
      Map<String, Double> squares = new TreeMap<>();
      gradients
          .byName()
          .forEach(
              (name, gradient) ->
                  squares.merge(GoldenNames.of(name), squares(gradient), Double::sum));
      assertThat(squares.keySet()).isEqualTo(norms.keySet());
      double sum = 0;
      for (Map.Entry<String, Double> norm : norms.entrySet()) {
        double found = squares.get(norm.getKey());
        sum += found;
        double wanted = norm.getValue();
        assertThat(Math.sqrt(found)).as(norm.getKey()).isCloseTo(wanted, within(1e-3 * wanted));
      }
      double global = golden.path("sft").path("global_grad_norm").doubleValue();
      assertThat(Math.sqrt(sum)).isCloseTo(global, within(1e-3 * global));
    }
  }

  private static double squares(NDArray gradient) {
    double squares = 0;
    for (float value : gradient.toFloatArray()) {
      squares += (double) value * value;
    }
    return squares;
  }

  private static Transformer load(Path checkpoint, Set<String> trained) throws IOException {
    return CpuModels.load(checkpoint, trained, Activations.KEPT);
  }
}
