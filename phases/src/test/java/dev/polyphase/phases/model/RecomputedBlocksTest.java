package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.fixtures.FamilyModel;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whichever blocks are kept and whichever computed again, every bit is the same. */
class RecomputedBlocksTest {
  private static final Integer NONE = Integer.MAX_VALUE;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = "QWEN2")
  void everythingTrained(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    assertSame(checkpoint, ParameterNames.of(checkpoint), Adapters.none(), Precision.FLOAT32);
    assertSame(checkpoint, ParameterNames.of(checkpoint), Adapters.none(), Precision.BFLOAT16);
  }

  /** Norms around, norms behind, and experts. */
  @ParameterizedTest
  @ValueSource(strings = {"gemma2", "olmo2", "qwen3-moe"})
  void eachKindOfBlock(String name) throws IOException {
    FamilyModel model = FamilyModel.of(name);
    Path checkpoint = model.copyTo(folder);
    Set<String> all = ParameterNames.of(checkpoint);
    for (Precision precision : Precision.values()) {
      List<Placement> some =
          List.of(
              Placement.on("cpu", precision, Activations.RECOMPUTED),
              Placement.on("cpu", precision, Activations.KEPT).keeping(0, 2),
              several(precision, 1, NONE));
      // Where positions depend on lengths no row shares another's beginning.
      assertSame(checkpoint, all, Adapters.none(), RandomRows.ofEachKind().subList(0, 2), some);
    }
  }

  @ParameterizedTest
  @EnumSource(names = "LLAMA")
  void theUpperBlocksTrained(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    Set<String> upper =
        ParameterNames.of(checkpoint).stream()
            .filter(name -> name.matches("model\\.layers\\.[123]\\..*_proj\\.weight"))
            .collect(Collectors.toSet());
    assertSame(checkpoint, upper, Adapters.none(), Precision.FLOAT32);
  }

  /** What is dropped is drawn again, whatever else was drawn between. */
  @ParameterizedTest
  @EnumSource(names = "QWEN3_NORMS")
  void adaptersThatDrop(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    Adapters dropping = AdaptedModels.adapters(checkpoint, AdaptedModels.ALL, 0.3);
    assertSame(checkpoint, Set.of(), dropping, Precision.FLOAT32);
  }

  @Test
  void noArrayOutlivesItsStep() throws IOException {
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    for (Placement placement : mixes(Precision.FLOAT32)) {
      try (Transformer model =
          load(checkpoint, ParameterNames.of(checkpoint), Adapters.none(), placement)) {
        figures(model, RandomRows.ofEachKind());
        List<Integer> arrays = managed(model);
        figures(model, RandomRows.ofEachKind());
        assertThat(managed(model)).as("%s", placement).isEqualTo(arrays);
      }
    }
  }

  private static List<Integer> managed(Transformer model) {
    return model.devices().managers().stream()
        .map(place -> place.getManagedArrays().size())
        .toList();
  }

  /** Of four blocks: each number of upper ones kept, and kept ones below others. */
  private static List<Placement> mixes(Precision precision) {
    List<Placement> mixes = new ArrayList<>();
    for (int from = 1; from <= 4; from++) {
      mixes.add(Placement.on("cpu", precision, Activations.KEPT).keeping(0, from));
    }
    mixes.add(several(precision, 0, NONE));
    mixes.add(several(precision, 1, 3));
    mixes.add(several(precision, NONE, 2));
    mixes.add(several(precision, 1, NONE));
    return mixes;
  }

  private static Placement several(Precision precision, Integer... keptFrom) {
    return new Placement(List.of("cpu", "cpu"), List.of(0, 2), precision, List.of(keptFrom), false);
  }

  private static void assertSame(
      Path checkpoint, Set<String> trained, Adapters adapters, Precision precision)
      throws IOException {
    assertSame(checkpoint, trained, adapters, RandomRows.ofEachKind(), mixes(precision));
  }

  private static void assertSame(
      Path checkpoint,
      Set<String> trained,
      Adapters adapters,
      List<TokenBatch> batches,
      List<Placement> placements)
      throws IOException {
    Precision precision = placements.get(0).precision();
    Map<String, float[]> expected;
    try (Transformer model =
        load(checkpoint, trained, adapters, Placement.on("cpu", precision, Activations.KEPT))) {
      expected = figures(model, batches);
    }
    for (Placement placement : placements) {
      try (Transformer model = load(checkpoint, trained, adapters, placement)) {
        Map<String, float[]> found = figures(model, batches);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach(
            (name, wanted) ->
                assertThat(Arrays.equals(found.get(name), wanted))
                    .as("%s of %s", name, placement)
                    .isTrue());
      }
    }
  }

  /** The log-probabilities and gradients of batches. */
  private static Map<String, float[]> figures(Transformer model, List<TokenBatch> batches) {
    Map<String, float[]> figures = new TreeMap<>();
    int number = 0;
    for (TokenBatch batch : batches) {
      String of = "batch " + number + " ";
      model.startStep(number);
      number++;
      try (NDManager step = model.newScratch()) {
        Gradients gradients = new Gradients(step);
        HostLoss.differentiate(model, batch, GoldenBatches::meanLoss, gradients);
        NDArray logProbs = model.differentiate(batch, -1.0, gradients, step).orElseThrow();
        figures.put(of + "log-probabilities", logProbs.toFloatArray());
        gradients
            .byName()
            .forEach((name, gradient) -> figures.put(of + name, gradient.toFloatArray()));
      }
    }
    return figures;
  }

  private static Transformer load(
      Path checkpoint, Set<String> trained, Adapters adapters, Placement placement)
      throws IOException {
    return Transformer.load(
        Checkpoint.open(checkpoint),
        ConfigReader.read(Checkpoint.open(checkpoint)),
        new Trainable(trained, adapters),
        placement);
  }
}
