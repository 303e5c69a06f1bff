package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The parts of tensors that hold three experts each. */
class FusedExpertsTest {
  private static final String UP = "model.layers.0.mlp.experts.gate_up_proj";
  private static final String BIAS = UP + "_bias";
  private static final String NORM = "model.norm.weight";

  /** As some save them; its name has a suffix. */
  private static final String DOWN = "model.layers.0.mlp.experts.down_proj.weight";

  @TempDir Path temporary;
  private Checkpoint checkpoint;

  @BeforeEach
  void write() throws IOException {
    checkpoint =
        new HandMadeTensors()
            .float32(UP, List.of(3L, 2L, 2L), 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
            .float32(BIAS, List.of(3L, 2L), 21, 22, 23, 24, 25, 26)
            .halves(DOWN, "F16", List.of(3L, 1L, 2L), new short[] {1, 2, 3, 4, 5, 6})
            .float32("model.layers.0.mlp.experts.other_bias", List.of(3L, 2L), 1, 1, 1, 1, 1, 1)
            .float32("model.conv.weight", List.of(1L, 1L, 2L), 1, 1)
            .bytes("model.layers.0.mlp.experts.scales", "U8", List.of(1L, 1L, 1L), (byte) 1)
            .float32(NORM, List.of(2L), 31, 32)
            .writeTo(temporary.resolve("base"));
  }

  @Test
  void eachExpertsPartIsFoundByItsName() throws IOException {
    TensorInfo part = checkpoint.find(UP + "[1]").orElseThrow();
    assertThat(part.name()).isEqualTo(UP + "[1]");
    assertThat(part.shape()).containsExactly(2L, 2L);
    assertThat(TensorValues.floats(part)).containsExactly(5, 6, 7, 8);
    assertThat(TensorValues.floats(checkpoint.find(BIAS + "[2]").orElseThrow()))
        .containsExactly(25, 26);
    assertThat(checkpoint.find(DOWN + "[2]").orElseThrow().shape()).containsExactly(1L, 2L);

    assertThat(checkpoint.contains(UP + "[2]")).isTrue();
    assertThat(checkpoint.contains(UP + "[3]")).isFalse();
    assertThat(checkpoint.contains(UP + "[01]")).isFalse();
    assertThat(checkpoint.contains(NORM + "[0]")).isFalse();
    assertThat(checkpoint.contains("model.layers.0.mlp.experts.other_bias[0]")).isFalse();
  }

  @Test
  void partsAreTheTensorsWithTheExpertsApart() {
    assertThat(checkpoint.parts())
        .extracting(TensorInfo::name)
        .containsExactly(
            UP + "[0]",
            UP + "[1]",
            UP + "[2]",
            BIAS + "[0]",
            BIAS + "[1]",
            BIAS + "[2]",
            DOWN + "[0]",
            DOWN + "[1]",
            DOWN + "[2]",
            "model.layers.0.mlp.experts.other_bias",
            "model.conv.weight",
            "model.layers.0.mlp.experts.scales",
            NORM);
    assertThat(checkpoint.parts().stream().mapToLong(TensorInfo::byteCount).sum())
        .isEqualTo(checkpoint.tensors().stream().mapToLong(TensorInfo::byteCount).sum());
  }

  @Test
  void newValuesOfAnExpertLeaveTheOthersTheirBytes() throws IOException {
    Path target = temporary.resolve("new");

    CheckpointWriter.write(
        checkpoint,
        target,
        Map.of(UP + "[1]", floats(-1, -2, -3, -4), BIAS + "[2]", floats(-5, -6)),
        Map.of());

    Checkpoint written = Checkpoint.open(target);
    assertThat(written.tensors())
        .extracting(tensor -> tensor.name() + tensor.type() + tensor.shape())
        .containsExactlyInAnyOrderElementsOf(
            checkpoint.tensors().stream()
                .map(tensor -> tensor.name() + tensor.type() + tensor.shape())
                .toList());
    assertThat(TensorValues.floats(written.find(UP).orElseThrow()))
        .containsExactly(1, 2, 3, 4, -1, -2, -3, -4, 9, 10, 11, 12);
    assertThat(TensorValues.floats(written.find(BIAS).orElseThrow()))
        .containsExactly(21, 22, 23, 24, -5, -6);
    assertThat(SafetensorsBytes.read(written.find(DOWN).orElseThrow()))
        .isEqualTo(SafetensorsBytes.read(checkpoint.find(DOWN).orElseThrow()));
  }

  @Test
  void allExpertsTogetherMayHaveAnotherType() throws IOException {
    Map<String, NewTensor> replaced = new HashMap<>();
    for (int expert = 0; expert < 3; expert++) {
      byte[] bytes = {0, (byte) expert, 1, (byte) expert, 2, (byte) expert, 3, (byte) expert};
      replaced.put(UP + "[" + expert + "]", new NewTensor(ElementType.BF16, write(bytes)));
    }
    CheckpointWriter.outline(checkpoint, folder("outline"), replaced, Map.of());
    CheckpointWriter.write(checkpoint, temporary.resolve("new"), replaced, Map.of());

    TensorInfo written = Checkpoint.open(temporary.resolve("new")).find(UP).orElseThrow();
    assertThat(written.type()).isEqualTo(ElementType.BF16);
    assertThat(SafetensorsBytes.read(written))
        .containsExactly(0, 0, 1, 0, 2, 0, 3, 0, 0, 1, 1, 1, 2, 1, 3, 1, 0, 2, 1, 2, 2, 2, 3, 2);
    TensorInfo outlined = Checkpoint.open(temporary.resolve("outline")).find(UP).orElseThrow();
    assertThat(outlined.type()).isEqualTo(ElementType.BF16);
    assertThat(outlined.shape()).containsExactly(3L, 2L, 2L);
  }

  @Test
  void someExpertsCanNotHaveAnotherTypeOrShape() {
    byte[] bytes = new byte[8];

    for (NewTensor part :
        List.of(
            new NewTensor(ElementType.BF16, write(bytes)),
            new NewTensor(ElementType.F32, OptionalLong.of(3), write(bytes)))) {
      assertThatThrownBy(
              () ->
                  CheckpointWriter.write(
                      checkpoint, temporary.resolve("new"), Map.of(UP + "[1]", part), Map.of()))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(UP);
    }
    assertThatThrownBy(
            () ->
                CheckpointWriter.write(
                    checkpoint,
                    temporary.resolve("new"),
                    Map.of(UP, floats(new float[12]), UP + "[1]", floats(new float[4])),
                    Map.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(UP);
  }

  @Test
  void aPartOfAnotherLengthIsRefused() {
    assertThatThrownBy(
            () ->
                CheckpointWriter.write(
                    checkpoint, temporary.resolve("new"), Map.of(UP + "[0]", floats(1)), Map.of()))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining(UP + "[0]");
  }

  @Test
  void anExpertMayLieInAnotherFile() throws IOException {
    Path file = temporary.resolve("rescan.safetensors");
    SafetensorsFile.write(
        file,
        List.of(
            new SafetensorsFile.Tensor(UP + "[2]", List.of(2L, 2L), floats(-1, -2, -3, -4)),
            new SafetensorsFile.Tensor(BIAS + "[0]", List.of(2L), floats(-5, -6)),
            new SafetensorsFile.Tensor(NORM, List.of(2L), floats(-7, -8))));

    Checkpoint present = checkpoint.with(SafetensorsFile.read(file));

    assertThat(TensorValues.floats(present.find(UP + "[2]").orElseThrow()))
        .containsExactly(-1, -2, -3, -4);
    assertThat(TensorValues.floats(present.find(UP + "[1]").orElseThrow()))
        .containsExactly(5, 6, 7, 8);
    assertThat(TensorValues.floats(present.find(BIAS + "[0]").orElseThrow()))
        .containsExactly(-5, -6);
    assertThat(TensorValues.floats(present.find(BIAS + "[1]").orElseThrow()))
        .containsExactly(23, 24);
    assertThat(TensorValues.floats(present.find(NORM).orElseThrow())).containsExactly(-7, -8);
    assertThat(present.contains(UP)).isFalse();
    assertThat(present.parts())
        .extracting(TensorInfo::name)
        .containsExactlyInAnyOrderElementsOf(
            checkpoint.parts().stream().map(TensorInfo::name).toList());
    List<TensorInfo> weightAlone =
        SafetensorsFile.read(file).stream().filter(t -> t.name().startsWith(UP + "[")).toList();
    assertThat(TensorValues.floats(checkpoint.with(weightAlone).find(BIAS + "[0]").orElseThrow()))
        .containsExactly(21, 22);
    TensorInfo larger = new TensorInfo(UP + "[0]", ElementType.F32, List.of(3L, 2L), file, 0, 24);
    assertThatThrownBy(() -> checkpoint.with(List.of(larger)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  private Path folder(String name) throws IOException {
    return Files.createDirectory(temporary.resolve(name));
  }

  private static NewTensor floats(float... values) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    return new NewTensor(ElementType.F32, write(bytes.array()));
  }

  private static TensorBytes write(byte[] bytes) {
    return channel -> channel.write(ByteBuffer.wrap(bytes));
  }
}
