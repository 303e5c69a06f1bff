package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.phases.optimizer.GradientNorm;
import dev.polyphase.phases.optimizer.OptimizerStep;
import dev.polyphase.pipelines.Optimizer;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same weights at rest in bfloat16 and in float32: masters are halves or whole ones that are
 * converted at each use, gradients have 16 bits or 32, and the first step is the same to the bit.
 */
class HalvedTrainingTest {
  private static final Optimizer ADAMW = new Optimizer(Optimizer.Name.ADAMW, 0.9, 0.99, 1e-8, 0.01);

  @TempDir Path folder;

  /** With two passes a step gradients are summed; 750 rows of logits are more than one group. */
  @ParameterizedTest
  @CsvSource({
    "LLAMA,1,251,KEPT",
    "LLAMA,1,100,KEPT",
    "LLAMA,2,251,RECOMPUTED",
    "QWEN2,1,251,RECOMPUTED",
    "QWEN2,1,100,KEPT",
    "QWEN2,2,251,KEPT"
  })
  void stepsAreThoseOfWholeMasters(Fixture fixture, int passes, int tokens, Activations activations)
      throws IOException {
    Path base = fixture.copyTo(folder);
    Path narrow = copy(base, "narrow");
    Path wide = copy(base, "wide");
    HandMadeTensors.inBfloat16(Checkpoint.open(base)).writeTo(narrow);
    HandMadeTensors.ofFloats(Checkpoint.open(narrow), (name, values) -> {}).writeTo(wide);

    Map<String, float[]> halved = trained(narrow, passes, tokens, activations);
    Map<String, float[]> whole = trained(wide, passes, tokens, activations);

    assertThat(halved.keySet()).isEqualTo(whole.keySet());
    Set<String> different = new TreeSet<>(halved.keySet());
    different.removeIf(name -> Arrays.equals(halved.get(name), whole.get(name)));
    assertThat(different).allMatch(name -> name.startsWith("step 2"));
    // Then a value in 100,000 lies between two of bfloat16, and halves round it up.
    for (String name : different) {
      for (int i = 0; i < halved.get(name).length; i++) {
        assertThat(halved.get(name)[i]).isCloseTo(whole.get(name)[i], within(0.1f));
      }
    }
  }

  /** The log-probabilities, the norm and the masters of each step. */
  private static Map<String, float[]> trained(
      Path model, int passes, int tokens, Activations activations) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(model);
    Set<String> all = ParameterNames.of(model);
    Map<String, float[]> found = new TreeMap<>();
    try (Transformer transformer =
            Transformer.load(
                checkpoint,
                ConfigReader.read(checkpoint),
                new Trainable(all, Adapters.none()),
                Placement.on("cpu", Precision.BFLOAT16, activations));
        OptimizerStep optimizer = new OptimizerStep(transformer.devices(), ADAMW, 1, 42)) {
      boolean halves = checkpoint.find(all.iterator().next()).orElseThrow().type().bytes() == 2;
      transformer
          .trained()
          .forEach(
              tensor ->
                  assertThat(tensor.master().lower().isPresent())
                      .as(tensor.name())
                      .isEqualTo(halves));
      for (int step = 1; step <= 2; step++) {
        try (NDManager scratch = transformer.newScratch()) {
          Gradients gradients = new Gradients(scratch);
          for (int pass = 0; pass < passes; pass++) {
            String name = "step %d pass %d".formatted(step, pass);
            TokenBatch batch =
                TokenBatch.of(
                    List.of(
                        RandomRows.whole(10 * step + pass, tokens),
                        RandomRows.whole(step, tokens - 1),
                        RandomRows.whole(pass, tokens + 1)));
            found.put(
                name,
                transformer
                    .differentiate(batch, -1.0 / (3 * tokens), gradients, scratch)
                    .orElseThrow()
                    .toFloatArray());
          }
          List<TrainedPart> parts = gradients.parts();
          GradientNorm norm = optimizer.norm(parts, scratch);
          optimizer.update(step, parts, norm, 1e-2);
          found.put("step %d norm".formatted(step), new float[] {norm.value()});
          for (TrainedTensor tensor : transformer.trained()) {
            String master = "step %d %s".formatted(step, tensor.name());
            found.put(master, tensor.master().values(scratch).toFloatArray());
          }
        }
      }
    }
    return found;
  }

  private Path copy(Path base, String name) throws IOException {
    Path copy = Files.createDirectory(folder.resolve(name));
    Files.copy(base.resolve("config.json"), copy.resolve("config.json"));
    return copy;
  }
}
