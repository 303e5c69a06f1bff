package dev.polyphase.phases.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.phases.families.ConfigReader;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a configuration asks for against checkpoints that others made. */
class ModelLayoutTest {
  private static final String Q = "model.layers.0.self_attn.q_proj.weight";

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void namesAndShapesAreThoseOfTheCheckpoint(Fixture fixture) throws IOException {
    Path model = fixture.copyTo(folder);
    Checkpoint checkpoint = Checkpoint.open(model);
    ModelLayout layout = new ModelLayout(ConfigReader.read(checkpoint));

    Map<String, List<Long>> found =
        checkpoint.tensors().stream()
            .collect(Collectors.toMap(TensorInfo::name, TensorInfo::shape));
    Map<String, List<Long>> asked =
        layout.parameters().stream().collect(Collectors.toMap(Parameter::name, Parameter::shape));

    assertThat(asked).isEqualTo(found);
    assertThat(layout.parameters()).hasSameSizeAs(asked.keySet());
    layout.check(checkpoint);
  }

  @Test
  void missingTensors() throws IOException {
    assertThat(problems(Fixture.LLAMA, without(Fixture.LLAMA, Q, "lm_head.weight")))
        .containsExactly(
            folder
                + "/tiny-llama: the tensor "
                + Q
                + " is missing; config.json asks for it with"
                + " shape [64, 64]",
            folder
                + "/tiny-llama: the tensor lm_head.weight is missing; config.json asks for it"
                + " with shape [272, 64]; if the head is the embedding, set"
                + " tie_word_embeddings to true there");
    String bias = "model.layers.3.self_attn.v_proj.bias";
    assertThat(problems(Fixture.QWEN2, without(Fixture.QWEN2, bias)))
        .singleElement()
        .asString()
        .contains(bias + " is missing; config.json asks for it with shape [32]");
  }

  @Test
  void otherShapesAndTypes() throws IOException {
    HandMadeTensors tensors =
        without(Fixture.LLAMA, Q, "model.norm.weight", "model.embed_tokens.weight")
            .float32(Q, List.of(32L, 128L), new float[64 * 64])
            .bytes("model.norm.weight", "I16", List.of(64L), new byte[128])
            .bytes("model.embed_tokens.weight", "F64", List.of(272L, 8L), new byte[272 * 64]);

    String file = folder.resolve("tiny-llama/model.safetensors").toString();
    assertThat(problems(Fixture.LLAMA, tensors))
        .containsExactly(
            file
                + ": the tensor model.embed_tokens.weight has shape [272, 8], but config.json asks"
                + " for [272, 64]",
            file
                + ": the tensor model.embed_tokens.weight is of dtype F64; weights in F32, BF16"
                + " and F16 are implemented",
            file + ": the tensor " + Q + " has shape [32, 128], but config.json asks for [64, 64]",
            file
                + ": the tensor model.norm.weight is of dtype I16; weights in F32, BF16 and F16 are"
                + " implemented");
  }

  /** As GPTQ and AWQ pack them, but that the configuration does not say so. */
  @Test
  void packedWeightsAreNamedAndNothingElse() throws IOException {
    String module = Q.replace(".weight", "");
    HandMadeTensors packed =
        without(Fixture.LLAMA, Q)
            .bytes(module + ".qweight", "I32", List.of(8L, 64L), new byte[8 * 64 * 4])
            .bytes(module + ".qzeros", "I32", List.of(1L, 8L), new byte[32])
            .float32(module + ".scales", List.of(1L, 64L), new float[64]);
    assertThat(problems(Fixture.LLAMA, packed))
        .containsExactly(
            folder
                + "/tiny-llama: the model has tensors of the dtypes of quantised weights, as "
                + module
                + ".qweight (I32), "
                + module
                + ".qzeros (I32), and quantised weights are neither scanned nor trained; use the"
                + " model as it was before, in bfloat16 or float32");
  }

  @Test
  void tensorsWithoutAPlace() throws IOException {
    String norm = "model.layers.0.self_attn.q_norm.weight";
    assertThat(
            problems(
                Fixture.LLAMA,
                without(Fixture.LLAMA)
                    .float32(norm, List.of(16L), new float[16])
                    .float32("model.layers.4.input_layernorm.weight", List.of(1L), 1)))
        .containsExactly(
            folder
                + "/tiny-llama: the tensor "
                + norm
                + " has no place in the architecture of"
                + " config.json",
            folder
                + "/tiny-llama: the tensor model.layers.4.input_layernorm.weight has no place in"
                + " the architecture of config.json");
  }

  @Test
  void whatOlderCheckpointsCarryIsIdle() throws IOException {
    HandMadeTensors frequencies =
        without(Fixture.LLAMA)
            .float32("model.layers.0.self_attn.rotary_emb.inv_freq", List.of(8L), new float[8]);
    assertThatCode(() -> check(Fixture.LLAMA, frequencies)).doesNotThrowAnyException();

    HandMadeTensors tiedHead =
        without(Fixture.QWEN2)
            .float32(
                "lm_head.weight",
                List.of(272L, 96L),
                TensorValues.floats(
                    Checkpoint.open(copy(Fixture.QWEN2))
                        .find("model.embed_tokens.weight")
                        .orElseThrow()));
    assertThatCode(() -> check(Fixture.QWEN2, tiedHead)).doesNotThrowAnyException();
  }

  @Test
  void configOfAnotherModelIsNotAFlood() throws IOException {
    Path model = Fixture.LLAMA.copyTo(folder);
    Path config = model.resolve("config.json");
    Files.writeString(
        config,
        Files.readString(config)
            .replace("\"num_hidden_layers\": 4", "\"num_hidden_layers\": 10000"));
    Checkpoint checkpoint = Checkpoint.open(model);
    ModelLayout layout = new ModelLayout(ConfigReader.read(checkpoint));

    InputException e = catchThrowableOfType(InputException.class, () -> layout.check(checkpoint));

    assertThat(e.problems()).hasSize(11);
    assertThat(e.problems().get(0).sentence())
        .startsWith("the tensor model.layers.4.input_layernorm.weight is missing");
    assertThat(e.problems().get(10).sentence())
        .isEqualTo(9996 * 9 - 10 + " more tensors do not fit config.json; is it another model's?");
  }

  private List<String> problems(Fixture fixture, HandMadeTensors tensors) {
    return catchThrowableOfType(InputException.class, () -> check(fixture, tensors))
        .problems()
        .stream()
        .map(Object::toString)
        .toList();
  }

  private void check(Fixture fixture, HandMadeTensors tensors) throws IOException {
    Path model = folder.resolve(fixture.folderName());
    Checkpoint checkpoint = tensors.writeTo(model);
    new ModelLayout(ConfigReader.read(checkpoint)).check(checkpoint);
  }

  /** A fixture's tensors but for some. */
  private HandMadeTensors without(Fixture fixture, String... names) throws IOException {
    HandMadeTensors tensors = new HandMadeTensors();
    for (TensorInfo tensor : Checkpoint.open(copy(fixture)).tensors()) {
      if (!Set.of(names).contains(tensor.name())) {
        tensors.float32(tensor.name(), tensor.shape(), TensorValues.floats(tensor));
      }
    }
    return tensors;
  }

  private Path copy(Fixture fixture) {
    Path model = folder.resolve(fixture.folderName());
    return Files.exists(model) ? model : fixture.copyTo(folder);
  }
}
