package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTest {
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path temporary;

  @ParameterizedTest
  @EnumSource
  void aFixtureHasTheParametersOfItsGoldenFigures(Fixture fixture) throws IOException {
    Path folder = fixture.copyTo(temporary);
    JsonNode config = new ObjectMapper().readTree(folder.resolve("config.json").toFile());
    long hidden = config.get("hidden_size").asLong();
    long headSize =
        config.path("head_dim").asLong(hidden / config.get("num_attention_heads").asLong());

    Checkpoint checkpoint = Checkpoint.open(folder);

    Set<String> golden = new TreeSet<>();
    fixture.golden().get("sft").get("grad_norm").fieldNames().forEachRemaining(golden::add);
    assertThat(names(checkpoint)).containsExactlyInAnyOrderElementsOf(golden);
    assertThat(checkpoint.tensors())
        .isSortedAccordingTo(Comparator.comparingLong(TensorInfo::position))
        .allMatch(tensor -> tensor.type() == ElementType.F32);
    assertThat(shape(checkpoint, "model.embed_tokens.weight"))
        .containsExactly(config.get("vocab_size").asLong(), hidden);
    assertThat(shape(checkpoint, "model.norm.weight")).containsExactly(hidden);
    assertThat(shape(checkpoint, "model.layers.1.mlp.down_proj.weight"))
        .containsExactly(hidden, config.get("intermediate_size").asLong());
    assertThat(shape(checkpoint, "model.layers.1.self_attn.k_proj.weight"))
        .containsExactly(config.get("num_key_value_heads").asLong() * headSize, hidden);
    assertThat(checkpoint.contains("lm_head.weight"))
        .isEqualTo(!config.get("tie_word_embeddings").asBoolean());
    assertThat(checkpoint.find("lm_head.bias")).isEmpty();
    assertThat(checkpoint.weightFiles()).containsExactly(folder.resolve("model.safetensors"));
  }

  @Test
  void tensorsMayLieInOtherFiles() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    String norm = "model.norm.weight";
    Path file = temporary.resolve("other.safetensors");
    byte[] ones = {(byte) 0x80, 0x3f};
    NewTensor values =
        new NewTensor(
            ElementType.BF16,
            channel -> {
              for (int i = 0; i < 64; i++) {
                channel.write(ByteBuffer.wrap(ones));
              }
            });
    SafetensorsFile.write(file, List.of(new SafetensorsFile.Tensor(norm, List.of(64L), values)));

    Checkpoint changed = base.with(SafetensorsFile.read(file));

    assertThat(names(changed)).containsExactlyElementsOf(names(base));
    TensorInfo found = changed.find(norm).orElseThrow();
    assertThat(found.file()).isEqualTo(file);
    assertThat(found.type()).isEqualTo(ElementType.BF16);
    assertThat(SafetensorsBytes.read(found)).startsWith(ones).hasSize(128);
    assertThat(changed.tensors()).filteredOn(tensor -> !base.tensors().contains(tensor)).hasSize(1);
    assertThat(changed.folder()).isEqualTo(base.folder());
    assertThat(base.find(norm).orElseThrow().file()).isNotEqualTo(file);
    assertThatThrownBy(
            () -> CheckpointWriter.write(changed, temporary.resolve("new"), Map.of(), Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(norm);
    assertThat(temporary.resolve("new")).doesNotExist();
  }

  @Test
  void anAdapterIsNoModelByItself() throws IOException {
    Path adapter = Files.createDirectory(temporary.resolve("adapter"));
    Files.writeString(adapter.resolve("adapter_model.safetensors"), "weights");
    Path config = adapter.resolve("adapter_config.json");
    for (String json :
        List.of("{\"base_model_name_or_path\": \"Qwen/Qwen2.5-7B\"}", "{}", "no JSON")) {
      Files.writeString(config, json);

      assertThatThrownBy(() -> Checkpoint.open(adapter))
          .isInstanceOf(InputException.class)
          .hasMessage(
              adapter
                  + ": this is an adapter%s (adapter_config.json), not a whole model; merge it into"
                      .formatted(json.contains("Qwen") ? " of the model Qwen/Qwen2.5-7B" : "")
                  + " that model first, as with PEFT's merge_and_unload() and save_pretrained(),"
                  + " and name the merged folder");
    }
  }

  @Test
  void anAdapterBesideAWholeModelIsLeftAlone() throws IOException {
    Path folder = Fixture.LLAMA.copyTo(temporary);
    Files.writeString(folder.resolve("adapter_config.json"), "{}");

    assertThat(Checkpoint.open(folder).contains("lm_head.weight")).isTrue();
  }

  @Test
  void othersMustBeTensorsOfTheCheckpoint() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    TensorInfo norm = base.find("model.norm.weight").orElseThrow();
    TensorInfo unknown =
        new TensorInfo("model.nrom.weight", norm.type(), norm.shape(), norm.file(), 8, 256);
    TensorInfo longer = new TensorInfo(norm.name(), norm.type(), List.of(65L), norm.file(), 8, 260);

    for (TensorInfo wrong : List.of(unknown, longer)) {
      assertThatThrownBy(() -> base.with(List.of(wrong)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(wrong.name());
    }
  }

  @Test
  void positionsCountFromTheStartOfTheFile() throws IOException {
    // Padded header, scalar, empty tensors at every border, names in another order than the data.
    String header =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"late\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[2,6]},"
            + "\"nothing\":{\"dtype\":\"F64\",\"shape\":[9223372036854775807,0,4],"
            + "\"data_offsets\":[2,2]},"
            + "\"end\":{\"dtype\":\"I64\",\"shape\":[0],\"data_offsets\":[6,6]},"
            + "\"scalar\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]}}   ";
    Path folder =
        SafetensorsBytes.folder(
            temporary,
            SafetensorsBytes.of(
                header, (byte) 1, (byte) 2, (byte) 3, (byte) 4, (byte) 5, (byte) 6));

    Checkpoint checkpoint = Checkpoint.open(folder);

    long data = 8L + header.length();
    Path file = folder.resolve("model.safetensors");
    assertThat(checkpoint.tensors())
        .containsExactly(
            new TensorInfo("scalar", ElementType.F16, List.of(), file, data, 2),
            new TensorInfo(
                "nothing", ElementType.F64, List.of(Long.MAX_VALUE, 0L, 4L), file, data + 2, 0),
            new TensorInfo("late", ElementType.BF16, List.of(1L, 2L), file, data + 2, 4),
            new TensorInfo("end", ElementType.I64, List.of(0L), file, data + 6, 0));
    assertThat(checkpoint.find("scalar").orElseThrow().elements()).isEqualTo(1);
    assertThat(checkpoint.find("nothing").orElseThrow().elements()).isZero();
    assertThat(SafetensorsBytes.read(checkpoint.find("late").orElseThrow()))
        .containsExactly(3, 4, 5, 6);
  }

  @Test
  void everyDtypeOfTheFormatHasItsSize() throws IOException {
    // Code and bytes from the format's description; data_offsets that do not fit would be refused.
    List<List<String>> codesOfBytes =
        List.of(
            List.of("BOOL", "F8_E4M3", "F8_E5M2", "I8", "U8"),
            List.of("BF16", "F16", "I16", "U16"),
            List.of("F32", "I32", "U32"),
            List.of("F64", "I64", "U64"));
    StringBuilder json = new StringBuilder("{");
    int end = 0;
    for (int power = 0; power < codesOfBytes.size(); power++) {
      for (String code : codesOfBytes.get(power)) {
        int begin = end;
        end += 3 * (1 << power);
        json.append(begin == 0 ? "" : ",")
            .append(
                "\"%s\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[%d,%d]}"
                    .formatted(code, code, begin, end));
      }
    }
    Path folder =
        SafetensorsBytes.folder(temporary, SafetensorsBytes.of(json + "}", new byte[end]));

    Checkpoint checkpoint = Checkpoint.open(folder);

    assertThat(checkpoint.tensors()).hasSize(ElementType.values().length);
    assertThat(checkpoint.tensors()).allMatch(tensor -> tensor.elements() == 3);
    assertThat(checkpoint.tensors())
        .allMatch(tensor -> tensor.name().equals(tensor.type().name()))
        .filteredOn(tensor -> tensor.type().floating())
        .extracting(TensorInfo::name)
        .containsExactly("F8_E4M3", "F8_E5M2", "BF16", "F16", "F32", "F64");
  }

  @Test
  void aFileBeyondTwoGibibytesOpens() throws IOException {
    long rows = 1_500_000_000;
    String header =
        ("{\"large\":{\"dtype\":\"BF16\",\"shape\":[%d],\"data_offsets\":[0,%d]},"
                + "\"behind\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%d,%d]}}")
            .formatted(rows, 2 * rows, 2 * rows, 2 * rows + 4);
    Path folder = SafetensorsBytes.folder(temporary, SafetensorsBytes.of(header));
    Path model = folder.resolve("model.safetensors");
    try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
      file.setLength(8L + header.length() + 2 * rows + 4); // sparse: it takes no room
    }

    Checkpoint checkpoint = Checkpoint.open(folder);

    assertThat(checkpoint.find("behind").orElseThrow().position())
        .isEqualTo(8L + header.length() + 3_000_000_000L);
    assertThat(checkpoint.find("large").orElseThrow().elements()).isEqualTo(rows);
  }

  @Test
  void shardsAreReadInTheOrderOfTheirNames() throws IOException {
    shard("model-00002-of-00002.safetensors", "a", "z");
    shard("model-00001-of-00002.safetensors", "b", "not listed");
    index(
        """
        {"metadata": {"total_size": 999}, "weight_map": {"a": "model-00002-of-00002.safetensors",
        "b": "model-00001-of-00002.safetensors", "z": "model-00002-of-00002.safetensors"}}
        """);

    Checkpoint checkpoint = Checkpoint.open(temporary);

    assertThat(names(checkpoint)).containsExactly("b", "a", "z");
    assertThat(checkpoint.weightFiles())
        .containsExactly(
            temporary.resolve("model-00001-of-00002.safetensors"),
            temporary.resolve("model-00002-of-00002.safetensors"));
    assertThat(checkpoint.find("z").orElseThrow().file())
        .isEqualTo(temporary.resolve("model-00002-of-00002.safetensors"));
  }

  @Test
  void aSingleFileWinsOverAnIndexAsWithHuggingFace() throws IOException {
    shard("model.safetensors", "single");
    shard("other.safetensors", "sharded");
    index("{\"weight_map\": {\"sharded\": \"other.safetensors\"}}");

    assertThat(names(Checkpoint.open(temporary))).containsExactly("single");
  }

  @Test
  void linksIntoTheHubsCacheAreFollowed() throws IOException {
    Path repository = temporary.resolve("models--owner--name");
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    Path snapshot = Files.createDirectories(repository.resolve("snapshots/main"));
    shard("models--owner--name/blobs/abc", "a");
    Files.writeString(blobs.resolve("def"), "{\"weight_map\": {\"a\": \"one.safetensors\"}}");
    Files.createSymbolicLink(snapshot.resolve("one.safetensors"), Path.of("../../blobs/abc"));
    Files.createSymbolicLink(snapshot.resolve(INDEX), Path.of("../../blobs/def"));

    assertThat(names(Checkpoint.open(snapshot))).containsExactly("a");

    Files.delete(blobs.resolve("abc"));
    assertThatThrownBy(() -> Checkpoint.open(snapshot))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("this is a link to ../../blobs/abc, which is not there");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "../model.safetensors",
        "/etc/model.safetensors",
        "sub/model.safetensors",
        "..\\\\model.safetensors",
        "C:model.safetensors",
        "..",
        "",
        "config.json",
        "a\\u0000.safetensors"
      })
  void anIndexThatPointsOutsideTheFolderIsRefused(String file) throws IOException {
    Path folder = Files.createDirectories(temporary.resolve("m"));
    shard("model.safetensors", "a"); // it is there, one level up
    Files.writeString(folder.resolve(INDEX), "{\"weight_map\": {\"a\": \"" + file + "\"}}");

    assertThatThrownBy(() -> Checkpoint.open(folder))
        .isInstanceOf(InputException.class)
        .hasMessageStartingWith(folder.resolve(INDEX) + ": the index points to \"")
        .hasMessageContaining("it may only name *.safetensors files in its own folder");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{}",
        "{\"weight_map\": []}",
        "{\"weight_map\": {}}",
        "{\"weight_map\": {\"a\": 1}}",
        "{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"y.safetensors\"}}",
        "{\"weight_map\": {\"a\": \"x.safetensors\"}"
      })
  void aMalformedIndexIsRefused(String json) throws IOException {
    shard("x.safetensors", "a");
    shard("y.safetensors", "a");
    index(json);

    assertThatThrownBy(() -> Checkpoint.open(temporary))
        .isInstanceOf(InputException.class)
        .hasMessageMatching(
            Pattern.quote(temporary.resolve(INDEX).toString())
                + "(: the index |:1:\\d+: this is no JSON: ).*");
  }

  @Test
  void everyFileAndTensorThatIsMissingIsReported() throws IOException {
    shard("one.safetensors", "a");
    Files.write(temporary.resolve("two.safetensors"), new byte[0]);
    index(
        """
        {"weight_map": {"a": "one.safetensors", "b": "one.safetensors", "c": "two.safetensors",
        "d": "three.safetensors"}}
        """);

    InputException e = catchThrowableOfType(InputException.class, () -> Checkpoint.open(temporary));

    assertThat(e.problems())
        .extracting(Object::toString)
        .containsExactly(
            temporary.resolve("one.safetensors")
                + ": the index says that the file holds 'b', but it does not; index and files are"
                + " not of one model, download both again",
            temporary.resolve("three.safetensors")
                + ": the file is missing; download or copy the model again",
            temporary.resolve("two.safetensors") + ": the file is empty; copy it again");
  }

  @Test
  void aFolderWithoutSafetensorsIsRefusedWithWhatItHas() throws IOException {
    assertThatThrownBy(() -> Checkpoint.open(temporary.resolve("nowhere")))
        .isInstanceOf(InputException.class)
        .hasMessage(
            temporary.resolve("nowhere") + ": there is no such folder; name the folder of a model");
    assertThatThrownBy(() -> Checkpoint.open(temporary))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("neither model.safetensors nor model.safetensors.index.json; name");

    Files.write(temporary.resolve("pytorch_model.bin"), new byte[1]);
    assertThatThrownBy(() -> Checkpoint.open(temporary))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("only pytorch_model.bin; convert the weights to safetensors");
  }

  @Test
  void ofThousandsOfMissingFilesOneSentenceTells() throws IOException {
    index(ofThousands("model-%05d.safetensors"));

    assertThatThrownBy(() -> Checkpoint.open(temporary))
        .isInstanceOf(InputException.class)
        .hasMessage(
            temporary.resolve(INDEX)
                + ": 20,000 of the 20,000 files that it names are missing, as"
                + " 'model-00000.safetensors', 'model-00001.safetensors', 'model-00002.safetensors',"
                + " 'model-00003.safetensors', 'model-00004.safetensors' and 19,995 more files;"
                + " download or copy the model again");
  }

  @Test
  void ofThousandsOfWrongEntriesOneSentenceTells() throws IOException {
    index(ofThousands("../%05d"));

    assertThatThrownBy(() -> Checkpoint.open(temporary))
        .isInstanceOf(InputException.class)
        .hasMessageContaining("\"../00004\" and 19,995 more values, but it may only name")
        .message()
        .hasLineCount(1);
  }

  /** An index of 20,000 tensors, each in a file of its own. */
  private static String ofThousands(String file) {
    return IntStream.range(0, 20_000)
        .mapToObj(i -> "\"t%d\": \"%s\"".formatted(i, file.formatted(i)))
        .collect(Collectors.joining(",", "{\"weight_map\": {", "}}"));
  }

  private void shard(String file, String... tensors) throws IOException {
    StringBuilder header = new StringBuilder("{");
    for (int i = 0; i < tensors.length; i++) {
      header
          .append(i == 0 ? "" : ",")
          .append(
              "\"%s\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[%d,%d]}"
                  .formatted(tensors[i], i, i + 1));
    }
    Files.write(
        temporary.resolve(file), SafetensorsBytes.of(header + "}", new byte[tensors.length]));
  }

  private void index(String json) throws IOException {
    Files.writeString(temporary.resolve(INDEX), json);
  }

  private static List<String> names(Checkpoint checkpoint) {
    return checkpoint.tensors().stream().map(TensorInfo::name).collect(Collectors.toList());
  }

  private static List<Long> shape(Checkpoint checkpoint, String name) {
    return checkpoint.find(name).orElseThrow().shape();
  }
}
