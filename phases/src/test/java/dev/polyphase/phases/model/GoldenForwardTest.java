package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.batches.TokenBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Forward pass, loss and the gradient of every parameter against figures that are not ours. */
class GoldenForwardTest {
  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void logits(Fixture fixture) throws IOException {
    JsonNode golden = fixture.golden();
    try (Transformer model = load(fixture, Set.of())) {
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
  @EnumSource
  void lossAndEveryGradientNorm(Fixture fixture) throws IOException {
    JsonNode golden = fixture.golden();
    JsonNode norms = golden.path("sft").path("grad_norm");
    Set<String> all = new HashSet<>();
    norms.fieldNames().forEachRemaining(all::add);
    try (Transformer model = load(fixture, all);
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
      assertThat(gradients.byName().keySet()).isEqualTo(all);
      double squares = 0;
      for (String name : all) {
        NDArray gradient = gradients.byName().get(name);
        double norm = 0;
        for (float value : gradient.toFloatArray()) {
          norm += (double) value * value;
        }
        squares += norm;
        double wanted = norms.path(name).doubleValue();
        assertThat(Math.sqrt(norm)).as(name).isCloseTo(wanted, within(1e-3 * wanted));
      }
      double global = golden.path("sft").path("global_grad_norm").doubleValue();
      assertThat(Math.sqrt(squares)).isCloseTo(global, within(1e-3 * global));
    }
  }

  private Transformer load(Fixture fixture, Set<String> trained) throws IOException {
    return CpuModels.load(fixture.copyTo(folder), trained, Activations.KEPT);
  }
}
