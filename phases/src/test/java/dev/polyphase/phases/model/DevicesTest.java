package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TextNames;
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

/**
 * A model in several places of one device against the model in one: the same operations, so that
 * every bit is the same.
 */
class DevicesTest {
  private static final List<Placement> SEVERAL =
      List.of(
          several(List.of("cpu", "cpu"), 0, 1),
          several(List.of("cpu", "cpu"), 0, 0),
          several(List.of("cpu", "cpu", "cpu"), 0, 1, 2),
          several(List.of("cpu", "cpu", "cpu"), 0, 3, 3));

  @TempDir Path folder;

  private static Placement several(List<String> devices, Integer... firstBlocks) {
    return new Placement(devices, List.of(firstBlocks), Precision.FLOAT32, Activations.KEPT, false);
  }

  @ParameterizedTest
  @EnumSource
  void everythingTrained(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    for (Activations activations : Activations.values()) {
      assertSame(
          checkpoint,
          ParameterNames.of(checkpoint),
          Adapters.none(),
          activations,
          Precision.FLOAT32,
          Precision.BFLOAT16);
    }
  }

  @ParameterizedTest
  @EnumSource
  void theUpperBlocksTrained(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    Set<String> upper =
        ParameterNames.of(checkpoint).stream()
            .filter(name -> name.matches("model\\.layers\\.[23]\\..*_proj\\.weight"))
            .collect(Collectors.toSet());
    for (Activations activations : Activations.values()) {
      assertSame(checkpoint, upper, Adapters.none(), activations, Precision.FLOAT32);
    }
  }

  @ParameterizedTest
  @EnumSource
  void adapters(Fixture fixture) throws IOException {
    Path checkpoint = fixture.copyTo(folder);
    List<String> modules =
        new ArrayList<>(List.of("model.layers.0.self_attn.q_proj", "model.layers.2.mlp.up_proj"));
    if (ParameterNames.of(checkpoint).contains(TextNames.PLAIN.head())) {
      modules.add("lm_head");
    }
    Adapters dropping = new Adapters(Set.copyOf(modules), 4, 2, 0.3, 42);
    assertSame(checkpoint, Set.of(), dropping, Activations.KEPT, Precision.FLOAT32);
    assertSame(
        checkpoint,
        Set.of(TextNames.PLAIN.embeddings()),
        dropping,
        Activations.RECOMPUTED,
        Precision.FLOAT32);
  }

  @Test
  void partsAreWhereTheyAreSaidToBe() throws IOException {
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    Placement placement = SEVERAL.get(0);
    ModelLayout layout = new ModelLayout(ConfigReader.read(Checkpoint.open(checkpoint)));
    try (Transformer model =
        load(
            checkpoint,
            ParameterNames.of(checkpoint),
            Adapters.none(),
            placement,
            Activations.KEPT,
            Precision.FLOAT32)) {
      assertThat(model.devices().managers()).hasSize(2).doesNotHaveDuplicates();
      model
          .trained()
          .forEach(
              tensor ->
                  assertThat(tensor.master().upper().getManager())
                      .as(tensor.name())
                      .isSameAs(
                          model.devices().managers().get(placement.of(tensor.name(), layout))));
    }
  }

  @ParameterizedTest
  @EnumSource
  void noArrayOutlivesItsStep(Activations activations) throws IOException {
    Path checkpoint = Fixture.LLAMA.copyTo(folder);
    try (Transformer model =
        load(
            checkpoint,
            ParameterNames.of(checkpoint),
            Adapters.none(),
            SEVERAL.get(2),
            activations,
            Precision.FLOAT32)) {
      figures(model, RandomRows.ofEachKind());
      List<Integer> arrays = managed(model);
      figures(model, RandomRows.ofEachKind());
      assertThat(managed(model)).isEqualTo(arrays);
    }
  }

  private static List<Integer> managed(Transformer model) {
    return model.devices().managers().stream()
        .map(place -> place.getManagedArrays().size())
        .toList();
  }

  private static void assertSame(
      Path checkpoint,
      Set<String> trained,
      Adapters adapters,
      Activations activations,
      Precision... precisions)
      throws IOException {
    for (Precision precision : precisions) {
      Map<String, float[]> expected;
      try (Transformer model =
          load(checkpoint, trained, adapters, several(List.of("cpu"), 0), activations, precision)) {
        expected = figures(model, RandomRows.ofEachKind());
      }
      for (Placement placement : SEVERAL) {
        try (Transformer model =
            load(checkpoint, trained, adapters, placement, activations, precision)) {
          Map<String, float[]> found = figures(model, RandomRows.ofEachKind());
          assertThat(found.keySet()).isEqualTo(expected.keySet());
          expected.forEach(
              (name, wanted) ->
                  assertThat(Arrays.equals(found.get(name), wanted))
                      .as("%s of %s in %s", name, placement, precision)
                      .isTrue());
        }
      }
    }
  }

  /** Log-probabilities and gradients, each both ways. */
  private static Map<String, float[]> figures(Transformer model, List<TokenBatch> batches) {
    Map<String, float[]> figures = new TreeMap<>();
    for (int i = 0; i < batches.size(); i++) {
      String of = "batch " + i + " ";
      TokenBatch batch = batches.get(i);
      figures.put(of + "log-probabilities", model.logProbs(batch));
      model.startStep(i);
      try (NDManager step = model.newScratch()) {
        Gradients gradients = new Gradients(step);
        HostLoss.differentiate(model, batch, GoldenBatches::meanLoss, gradients);
        NDArray logProbs = model.differentiate(batch, -1.0, gradients, step).orElseThrow();
        figures.put(of + "log-probabilities with dropout", logProbs.toFloatArray());
        gradients
            .byName()
            .forEach((name, gradient) -> figures.put(of + name, GradientValues.floats(gradient)));
      }
    }
    return figures;
  }

  private static Transformer load(
      Path checkpoint,
      Set<String> trained,
      Adapters adapters,
      Placement placement,
      Activations activations,
      Precision precision)
      throws IOException {
    return Transformer.load(
        Checkpoint.open(checkpoint),
        ConfigReader.read(Checkpoint.open(checkpoint)),
        new Trainable(trained, adapters),
        new Placement(placement.devices(), placement.firstBlocks(), precision, activations, false));
  }
}
