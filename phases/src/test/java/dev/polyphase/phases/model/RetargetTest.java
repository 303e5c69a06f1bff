package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.engine.PtNDArray;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.batches.TokenBatch;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A model that trains other tensors than those with which it was loaded. */
class RetargetTest {
  private static final String UP = "model.layers.2.mlp.up_proj.weight";
  private static final String QUERY = "model.layers.0.self_attn.q_proj.weight";
  private static final List<Set<String>> SETS =
      List.of(
          Set.of(UP, TextNames.PLAIN.head()),
          Set.of(QUERY, UP),
          Set.of(TextNames.PLAIN.embeddings()),
          Set.of("model.layers.3.input_layernorm.weight", "model.norm.weight"));

  @TempDir Path folder;

  /** Those of a model that was loaded to train them. */
  @ParameterizedTest
  @EnumSource
  void gradientsAreOfWhatIsTrained(Activations activations) throws IOException {
    Checkpoint checkpoint = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    try (Transformer moved = load(checkpoint, SETS.get(0), activations)) {
      for (Set<String> trained : SETS) {
        moved.retarget(checkpoint, whole(trained));
        try (Transformer fresh = load(checkpoint, trained, activations)) {
          assertThat(gradients(moved)).isEqualTo(gradients(fresh)).containsOnlyKeys(trained);
          assertThat(moved.trained().names()).containsExactlyElementsOf(fresh.trained().names());
        }
      }
    }
  }

  /** Each file is removed before the next move: nothing is read from it any more. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void arraysAreAsManyAfterManyMoves(boolean mastersOnHost) throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    try (Transformer model =
        Transformer.load(
            base,
            ConfigReader.read(base),
            whole(SETS.get(0)),
            new Placement(
                List.of("cpu"), List.of(0), Precision.BFLOAT16, Activations.KEPT, mastersOnHost))) {
      // The rotary tables are made in the first pass.
      gradients(model);
      int arrays = model.devices().managers().get(0).getManagedArrays().size();
      List<NDArray> firstMasters = new ArrayList<>();
      model.trained().forEach(tensor -> firstMasters.add(tensor.master().upper()));
      Path before = null;
      for (int move = 1; move <= 60; move++) {
        Path file = folder.resolve("move-" + move + ".safetensors");
        Checkpoint present = base.with(writeTrained(model, base, file));
        model.retarget(present, whole(SETS.get(move % SETS.size())));
        if (before != null) {
          Files.delete(before);
        }
        before = file;
        assertThat(gradients(model)).containsOnlyKeys(SETS.get(move % SETS.size()));
        assertThat(model.devices().managers().get(0).getManagedArrays().size()).isEqualTo(arrays);
        if (mastersOnHost) {
          assertThat(model.devices().host().getManagedArrays().size())
              .isEqualTo(SETS.get(move % SETS.size()).size());
        }
      }
      assertThat(firstMasters)
          .allSatisfy(master -> assertThat(((PtNDArray) master).isReleased()).isTrue());
    }
  }

  /** A file that is removed while it is mapped takes its place on the disk until the end. */
  @EnabledOnOs(OS.LINUX)
  @Test
  void nothingOfAnEarlierFileStaysMapped() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    try (Transformer model = load(base, SETS.get(0), Activations.KEPT)) {
      for (int move = 1; move <= 3; move++) {
        Path file = folder.resolve("move-" + move + ".safetensors");
        model.retarget(base.with(writeTrained(model, base, file)), whole(SETS.get(move)));
        gradients(model);
      }

      List<String> maps = Files.readAllLines(Path.of("/proc/self/maps"));
      assertThat(maps)
          .anyMatch(line -> line.endsWith(folder.resolve("move-3.safetensors").toString()));
      assertThat(maps)
          .noneMatch(line -> line.contains("move-1.safe") || line.contains("move-2.safe"));
    }
  }

  @Test
  void mastersThatStayAreNotTouched() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(folder));
    try (Transformer model = load(base, SETS.get(0), Activations.KEPT)) {
      NDArray master = model.trained().get(UP).master().upper();
      master.addi(1e-3f);
      float[] values = master.toFloatArray();

      model.retarget(base, whole(SETS.get(1)));

      assertThat(model.trained().get(UP).master().upper()).isSameAs(master);
      assertThat(master.toFloatArray()).isEqualTo(values);
      assertThat(model.trained().get(QUERY).master().upper().toFloatArray())
          .isEqualTo(TensorValues.floats(base.find(QUERY).orElseThrow()));
    }
  }

  private static Trainable whole(Set<String> trained) {
    return new Trainable(trained, Adapters.none());
  }

  private static Transformer load(
      Checkpoint checkpoint, Set<String> trained, Activations activations) throws IOException {
    return Transformer.load(
        checkpoint,
        ConfigReader.read(checkpoint),
        whole(trained),
        Placement.on("cpu", Precision.FLOAT32, activations));
  }

  private static Map<String, List<Float>> gradients(Transformer model) {
    int[] ids = IntStream.range(0, 20).map(i -> 7 * i % 250).toArray();
    int[] positions = IntStream.range(0, 19).toArray();
    int[] targets = IntStream.range(1, 20).map(i -> ids[i]).toArray();
    Map<String, List<Float>> found = new HashMap<>();
    try (NDManager scratch = model.newScratch()) {
      Gradients gradients = new Gradients(scratch);
      TokenBatch batch = new TokenBatch(ids, 1, 20, 20, positions, targets);
      model.differentiate(batch, -1.0 / 19, gradients, scratch);
      gradients
          .byName()
          .forEach(
              (name, gradient) -> {
                List<Float> values = new ArrayList<>();
                for (float value : GradientValues.floats(gradient)) {
                  values.add(value);
                }
                found.put(name, values);
              });
    }
    return found;
  }

  /** All that is trained now or was before. */
  private static List<TensorInfo> writeTrained(Transformer model, Checkpoint base, Path file)
      throws IOException {
    List<SafetensorsFile.Tensor> tensors = new ArrayList<>();
    for (TensorInfo tensor : base.tensors()) {
      Optional<TrainedTensor> now = model.trained().find(tensor.name());
      TensorInfo atRest = model.weights().atRest().find(tensor.name()).orElseThrow();
      if (now.isPresent()) {
        tensors.add(
            new SafetensorsFile.Tensor(
                tensor.name(),
                tensor.shape(),
                model
                    .weights()
                    .storeOf(tensor.name())
                    .toWrite(now.get().master().upper(), Precision.FLOAT32)));
      } else if (!atRest.equals(tensor)) {
        tensors.add(
            new SafetensorsFile.Tensor(
                tensor.name(),
                tensor.shape(),
                model.weights().storeOf(tensor.name()).toWrite(atRest, Precision.FLOAT32)));
      }
    }
    SafetensorsFile.write(file, tensors);
    return SafetensorsFile.read(file);
  }
}
