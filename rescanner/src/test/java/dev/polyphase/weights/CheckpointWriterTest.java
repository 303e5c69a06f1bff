package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.Fixture;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointWriterTest {
  private static final String UP = "model.layers.1.mlp.up_proj.weight";
  private static final String INDEX = "model.safetensors.index.json";

  @TempDir Path temporary;

  @Test
  void aFileIsLaidOutAsTheFormatAsks() throws IOException {
    String header =
        "{\"z\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[5,9]},"
            + "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[9,17]}}";
    byte[] data = new byte[17];
    for (int i = 0; i < data.length; i++) {
      data[i] = (byte) i;
    }
    Checkpoint base =
        Checkpoint.open(
            SafetensorsBytes.folder(temporary.resolve("base"), SafetensorsBytes.of(header, data)));

    CheckpointWriter.write(
        base, temporary.resolve("new"), Map.of("b", bytes(ElementType.BF16, 77, 78)), Map.of());

    // Wide elements first, equally wide ones by name; 'b' became narrower. Data starts at 8 * n.
    String expected =
        "{\"__metadata__\":{\"format\":\"pt\"},"
            + "\"i\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
            + "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[1],\"data_offsets\":[12,14]},"
            + "\"z\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[14,15]}}";
    expected += " ".repeat((8 - expected.length() % 8) % 8);
    assertThat(Files.readAllBytes(temporary.resolve("new/model.safetensors")))
        .isEqualTo(
            SafetensorsBytes.of(
                expected, new byte[] {9, 10, 11, 12, 13, 14, 15, 16, 5, 6, 7, 8, 77, 78, 0}));
  }

  @Test
  void untouchedTensorsKeepTheirBytes() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.QWEN2.copyTo(temporary));
    float[] values = floats(base, UP);
    values[7] = 42;

    CheckpointWriter.write(base, temporary.resolve("new"), Map.of(UP, newFloats(values)), Map.of());

    Checkpoint written = Checkpoint.open(temporary.resolve("new"));
    assertThat(written.tensors()).hasSameSizeAs(base.tensors());
    for (TensorInfo old : base.tensors()) {
      TensorInfo now = written.find(old.name()).orElseThrow();
      assertThat(now.shape()).isEqualTo(old.shape());
      assertThat(now.position() % now.type().bytes()).isZero();
      if (!old.name().equals(UP)) {
        assertThat(SafetensorsBytes.read(now)).as(old.name()).isEqualTo(SafetensorsBytes.read(old));
      }
    }
    assertThat(floats(written, UP)).isEqualTo(values);
  }

  @Test
  void shardsStayWhatTheyAre() throws IOException {
    Path folder = sharded(Fixture.LLAMA.copyTo(temporary));
    Checkpoint base = Checkpoint.open(folder);
    long values = base.find(UP).orElseThrow().elements();

    CheckpointWriter.write(
        base,
        temporary.resolve("new"),
        Map.of(UP, bytes(ElementType.BF16, new int[2 * (int) values])),
        Map.of());

    Checkpoint written = Checkpoint.open(temporary.resolve("new"));
    assertThat(written.weightFiles())
        .extracting(file -> file.getFileName().toString())
        .containsExactly("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors");
    for (TensorInfo old : base.tensors()) {
      TensorInfo now = written.find(old.name()).orElseThrow();
      assertThat(now.file().getFileName()).isEqualTo(old.file().getFileName());
      if (old.name().equals(UP)) {
        assertThat(now.type()).isEqualTo(ElementType.BF16);
      } else {
        assertThat(SafetensorsBytes.read(now)).as(old.name()).isEqualTo(SafetensorsBytes.read(old));
      }
    }
    // UP has half the bytes now, and what else the index said is still there.
    long bytes = base.tensors().stream().mapToLong(TensorInfo::byteCount).sum() - 2 * values;
    assertThat(Files.readString(temporary.resolve("new").resolve(INDEX)))
        .startsWith(
            """
            {
              "metadata": {
                "note": 1.5,
                "total_size": %d
              },
              "weight_map": {
                "lm_head.weight": "model-00002-of-00002.safetensors",
                "model.embed_tokens.weight": "model-00001-of-00002.safetensors",
            """
                .formatted(bytes))
        .endsWith("-of-00002.safetensors\"\n  }\n}\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 5, 8})
  void aTensorOfTheWrongLengthLeavesNothing(int count) throws IOException {
    String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    Path folder =
        SafetensorsBytes.folder(
            temporary.resolve("base"), SafetensorsBytes.of(header, new byte[4]));
    Checkpoint base = Checkpoint.open(folder);
    Map<String, NewTensor> replaced = Map.of("a", bytes(ElementType.F32, new int[count]));

    assertThatThrownBy(
            () -> CheckpointWriter.write(base, temporary.resolve("new"), replaced, Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("tensor 'a' has 4 bytes, but " + count);

    assertThat(children(temporary)).containsExactly("base");
  }

  @Test
  void aFailureLeavesNothing() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    Map<String, NewTensor> failing =
        Map.of(
            UP,
            new NewTensor(
                ElementType.F32,
                channel -> {
                  channel.write(ByteBuffer.allocate(8));
                  throw new IOException("the disk is full");
                }));

    assertThatThrownBy(
            () -> CheckpointWriter.write(base, temporary.resolve("new"), failing, Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith(temporary.resolve(".new.tmp-").toString())
        .hasMessageEndingWith("/model.safetensors: it can't be written (the disk is full)");

    assertThat(children(temporary)).containsExactly("tiny-llama");
  }

  @Test
  void aBaseThatShrankSinceItWasOpenedIsAnIoFailure() throws IOException {
    Path folder = Fixture.LLAMA.copyTo(temporary);
    Checkpoint base = Checkpoint.open(folder);
    Path model = folder.resolve("model.safetensors");
    byte[] bytes = Files.readAllBytes(model);
    Files.write(model, Arrays.copyOf(bytes, bytes.length / 2));

    assertThatThrownBy(
            () -> CheckpointWriter.write(base, temporary.resolve("new"), Map.of(), Map.of()))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(model + ": it became shorter");

    assertThat(children(temporary)).containsExactly("tiny-llama");
  }

  @Test
  void whatAKilledWriterLeftIsRemovedByTheNextOne() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    Path leftover = Files.createDirectories(temporary.resolve(".new.tmp-0123456789abcdef/sub"));
    Files.writeString(leftover.resolve("half.safetensors"), "half");
    Files.createDirectory(temporary.resolve(".newer.tmp-0123456789abcdef"));
    Files.createDirectory(temporary.resolve(".new.tmp-mine"));

    CheckpointWriter.write(base, temporary.resolve("new"), Map.of(), Map.of());

    assertThat(children(temporary))
        .containsExactly(".new.tmp-mine", ".newer.tmp-0123456789abcdef", "new", "tiny-llama");
  }

  @Test
  void anExistingTargetIsLeftAlone() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    Path target = Files.createDirectory(temporary.resolve("new"));

    assertThatThrownBy(() -> CheckpointWriter.write(base, target, Map.of(), Map.of()))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining(target.toString());
    assertThat(target).isEmptyDirectory();
  }

  @Test
  void aTensorThatTheBaseDoesNotHaveIsRefused() throws IOException {
    Checkpoint base = Checkpoint.open(Fixture.LLAMA.copyTo(temporary));
    Map<String, NewTensor> unknown = Map.of("nobody", bytes(ElementType.U8, 1));

    assertThatThrownBy(
            () -> CheckpointWriter.write(base, temporary.resolve("new"), unknown, Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nobody");
    assertThat(children(temporary)).containsExactly("tiny-llama");
  }

  /** Splits a fixture in two: layers 0 and 1 with the embeddings, and the rest. */
  private static Path sharded(Path folder) throws IOException {
    Checkpoint single = Checkpoint.open(folder);
    String[] files = {"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"};
    StringBuilder map = new StringBuilder();
    for (int shard = 0; shard < 2; shard++) {
      StringBuilder header = new StringBuilder("{");
      ByteBuffer data = ByteBuffer.allocate((int) Files.size(folder.resolve("model.safetensors")));
      for (TensorInfo tensor : single.tensors()) {
        boolean first = tensor.name().matches("model\\.(embed_tokens|layers\\.[01])\\..*");
        if (first != (shard == 0)) {
          continue;
        }
        int begin = data.position();
        data.put(SafetensorsBytes.read(tensor));
        header
            .append(header.length() > 1 ? "," : "")
            .append(
                "\"%s\":{\"dtype\":\"F32\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                    .formatted(tensor.name(), tensor.shape(), begin, data.position()));
        map.append(map.length() > 0 ? "," : "")
            .append("\"%s\":\"%s\"".formatted(tensor.name(), files[shard]));
      }
      Files.write(
          folder.resolve(files[shard]),
          SafetensorsBytes.of(header + "}", Arrays.copyOf(data.array(), data.position())));
    }
    Files.writeString(
        folder.resolve(INDEX),
        "{\"weight_map\":{" + map + "},\"metadata\":{\"total_size\":1,\"note\":1.5}}");
    Files.delete(folder.resolve("model.safetensors"));
    return folder;
  }

  private static NewTensor bytes(ElementType type, int... values) {
    ByteBuffer buffer = ByteBuffer.allocate(values.length);
    for (int value : values) {
      buffer.put((byte) value);
    }
    return new NewTensor(type, channel -> channel.write(buffer.flip()));
  }

  /** Written in two pieces, as a large tensor is. */
  private static NewTensor newFloats(float[] values) {
    return new NewTensor(
        ElementType.F32,
        channel -> {
          for (int half = 0; half < 2; half++) {
            int middle = values.length / 2;
            ByteBuffer buffer =
                ByteBuffer.allocateDirect(4 * (half == 0 ? middle : values.length - middle))
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int i = half * middle; buffer.hasRemaining(); i++) {
              buffer.putFloat(values[i]);
            }
            channel.write(buffer.flip());
          }
        });
  }

  private static float[] floats(Checkpoint checkpoint, String name) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.wrap(SafetensorsBytes.read(checkpoint.find(name).orElseThrow()))
            .order(ByteOrder.LITTLE_ENDIAN);
    float[] values = new float[bytes.remaining() / 4];
    bytes.asFloatBuffer().get(values);
    return values;
  }

  private static List<String> children(Path folder) throws IOException {
    try (Stream<Path> paths = Files.list(folder)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
