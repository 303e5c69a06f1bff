package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Precision;
import dev.polyphase.kernels.RoundingRule;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** A model that computes beside itself what it was when it was loaded. */
class ReferenceTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String QUERY = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path folder;

  /** A model of which nothing is trained, loaded anew, is the second method. */
  @ParameterizedTest
  @EnumSource
  void itIsTheModelThatWasLoaded(Fixture fixture) throws IOException {
    Path base = fixture.copyTo(folder);
    for (Precision precision : List.of(Precision.FLOAT32, Precision.BFLOAT16)) {
      for (boolean mastersOnHost : new boolean[] {false, true}) {
        Placement placement =
            new Placement(
                List.of("cpu", "cpu"), List.of(0, 2), precision, Activations.KEPT, mastersOnHost);
        assertIsAsLoaded(base, whole(ParameterNames.of(base)), placement);
      }
    }
  }

  @Test
  void whereOnlySomeRowsAreTrainedToo() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    RowRanges rows = new RowRanges(List.of(new RowRanges.Range(1, 9)));
    Trainable some =
        new Trainable(
            Set.of(TextNames.PLAIN.embeddings(), UP),
            Map.of(TextNames.PLAIN.embeddings(), rows),
            Adapters.none(),
            Map.of());

    assertIsAsLoaded(base, some, Placement.on("cpu", Precision.FLOAT32, Activations.KEPT));
  }

  private void assertIsAsLoaded(Path base, Trainable trainable, Placement placement)
      throws IOException {
    TokenBatch batch = RandomRows.uneven(base);
    Checkpoint checkpoint = Checkpoint.open(base);
    ModelConfig config = ConfigReader.read(checkpoint);
    float[] expected;
    try (Transformer fresh = Transformer.load(checkpoint, config, Trainable.nothing(), placement)) {
      expected = fresh.logProbs(batch);
    }
    try (Transformer model = Transformer.load(checkpoint, config, trainable, placement)) {
      // A policy that has not moved prefers nothing.
      assertThat(model.logProbs(batch)).isEqualTo(expected);
      model.keepReference();
      move(model);
      float[] moved = model.logProbs(batch);

      assertThat(moved).isNotEqualTo(expected);
      assertThat(model.withReference(() -> model.logProbs(batch))).isEqualTo(expected);
      assertThat(model.logProbs(batch)).isEqualTo(moved);
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void adaptersHaveNoEffectInIt(Precision precision) throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Adapters adapters = AdaptedModels.adapters(base, AdaptedModels.ALL, 0.3);
    try (Transformer model =
        CpuModels.load(
            base, Set.of(TextNames.PLAIN.embeddings()), adapters, precision, Activations.KEPT)) {
      float[] begun = model.logProbs(batch);
      model.keepReference();
      AdaptedModels.disturb(model);
      move(model);

      assertThat(model.logProbs(batch)).isNotEqualTo(begun);
      assertThat(model.withReference(() -> model.logProbs(batch))).isEqualTo(begun);
    }
  }

  /** What is evaluated is shown as it will be saved, and compared with the reference in between. */
  @Test
  void itIsShownWithinWhatIsShownAsSaved() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    try (Transformer model = CpuModels.load(base, Set.of(UP), Activations.KEPT)) {
      float[] begun = model.logProbs(batch);
      model.keepReference();
      move(model);
      model.weights().showSaved(new InBfloat16());
      float[] saved = model.logProbs(batch);

      assertThat(model.withReference(() -> model.logProbs(batch))).isEqualTo(begun);
      assertThat(model.logProbs(batch)).isEqualTo(saved);
      assertThatThrownBy(
              () ->
                  model.withReference(
                      () -> {
                        throw new IllegalStateException("stop");
                      }))
          .hasMessage("stop");
      assertThat(model.logProbs(batch)).isEqualTo(saved);
    }
  }

  /** Tensors leave with what they have learned, others enter; a resume keeps the reference late. */
  @Test
  void itStaysWhatItWasWhenOtherTensorsAreTrained() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    Checkpoint start = Checkpoint.open(base);
    TokenBatch batch = RandomRows.uneven(base);
    List<Set<String>> moves =
        List.of(
            Set.of(QUERY, UP),
            Set.of(QUERY, TextNames.PLAIN.head()),
            Set.of(UP),
            Set.of("model.norm.weight"));
    try (Transformer model = CpuModels.load(base, moves.get(0), Activations.KEPT);
        Transformer resumed = CpuModels.load(base, moves.get(0), Activations.KEPT)) {
      float[] begun = model.logProbs(batch);
      model.keepReference();
      Checkpoint present = start;
      for (int i = 1; i < moves.size(); i++) {
        move(model);
        present = present.with(written(model, folder.resolve(i + ".safetensors")));
        model.retarget(present, whole(moves.get(i)));
        assertThat(model.withReference(() -> model.logProbs(batch))).isEqualTo(begun);
      }
      float[] moved = model.logProbs(batch);

      assertThat(moved).isNotEqualTo(begun);
      resumed.retarget(present, whole(moves.get(3)));
      resumed.keepReference();
      assertThat(resumed.withReference(() -> resumed.logProbs(batch))).isEqualTo(begun);
      assertThat(resumed.logProbs(batch)).isEqualTo(moved);
    }
  }

  /**
   * All that is held beside the model's own arrays, after passes with the reference too. The bar is
   * the trained share of the weights in the compute's dtype, and a tenth of it.
   */
  @ParameterizedTest
  @CsvSource({
    "'.*', BFLOAT16, 2",
    "'.*layers.[12].*_proj.weight', BFLOAT16, 2",
    "'.*layers.[12].*_proj.weight', FLOAT32, 0"
  })
  void itTakesTheTrainedShareOfTheWeights(String pattern, Precision precision, int bytesOfValue)
      throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    TokenBatch batch = RandomRows.uneven(base);
    Set<String> trained =
        ParameterNames.of(base).stream()
            .filter(name -> name.matches(pattern))
            .collect(Collectors.toSet());
    try (Transformer model =
        CpuModels.load(base, trained, Adapters.none(), precision, Activations.KEPT)) {
      model.logProbs(batch);
      long alone = heldBytes(model);
      model.keepReference();
      model.keepReference();
      model.withReference(() -> model.logProbs(batch));

      long values = 0;
      for (TrainedTensor tensor : model.trained()) {
        values += tensor.master().upper().size();
      }
      // Of a file in the compute's dtype, the pages are the file's.
      assertThat(heldBytes(model) - alone).isEqualTo(values * bytesOfValue);
    }
  }

  @Test
  void whoKeepsNoneHasNone() throws IOException {
    Path base = Fixture.LLAMA.copyTo(folder);
    try (Transformer model = CpuModels.load(base, Set.of(UP), Activations.KEPT)) {
      assertThatThrownBy(() -> model.withReference(() -> 1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("no reference is kept");
    }
  }

  /** The bytes of arrays of the model's place; those of mapped files are the files'. */
  private static long heldBytes(Transformer model) {
    long bytes = 0;
    for (NDArray array : model.devices().managers().get(0).getManagedArrays()) {
      boolean mapped = array.getClass().getSimpleName().equals("MappedArray");
      // DJL does not know bfloat16.
      int ofValue =
          array.getDataType() == DataType.UNKNOWN ? 2 : array.getDataType().getNumOfBytes();
      bytes += mapped ? 0 : array.size() * ofValue;
    }
    return bytes;
  }

  /** As updates do: every master, and what the model computes with. */
  private static void move(Transformer model) {
    model
        .trained()
        .forEach(
            tensor -> {
              tensor.master().upper().muli(1.05f);
              model.weights().masterChanged(tensor);
            });
  }

  private static Trainable whole(Set<String> trained) {
    return new Trainable(trained, Adapters.none());
  }

  private static List<TensorInfo> written(Transformer model, Path file) throws IOException {
    List<SafetensorsFile.Tensor> tensors = new ArrayList<>();
    for (TrainedTensor tensor : model.trained()) {
      TensorInfo own = model.weights().atRest().find(tensor.name()).orElseThrow();
      tensors.add(
          new SafetensorsFile.Tensor(
              tensor.name(),
              own.shape(),
              model
                  .weights()
                  .storeOf(tensor.name())
                  .toWrite(tensor.master().upper(), Precision.FLOAT32)));
    }
    SafetensorsFile.write(file, tensors);
    return SafetensorsFile.read(file);
  }

  private record InBfloat16() implements SavedForm {
    @Override
    public Precision precision(String parameter) {
      return Precision.BFLOAT16;
    }

    @Override
    public RoundingRule rule(String parameter) {
      return RoundingRule.NEAREST;
    }
  }
}
