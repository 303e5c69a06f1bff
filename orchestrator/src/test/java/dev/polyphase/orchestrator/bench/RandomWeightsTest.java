package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.kernels.Precision;
import dev.polyphase.phases.bench.DecoderShape;
import dev.polyphase.phases.bench.KnownShapes;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.DoubleSummaryStatistics;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the models are made of that benchmarks train. */
class RandomWeightsTest {
  @TempDir Path folder;

  /** The embedding has more values than the block that they come out of. */
  @ParameterizedTest
  @EnumSource(names = {"FLOAT32", "BFLOAT16"})
  void matricesAreNormalNormsOneAndBiasesZero(Precision precision) throws IOException {
    DecoderShape shape = KnownShapes.named("qwen2.5-0.5b", OptionalInt.of(1), 8, 1).orElseThrow();

    RandomWeights.findOrWrite(folder, shape, precision);

    Checkpoint model = Checkpoint.open(folder);
    assertThat(model.tensors()).extracting(TensorInfo::type).containsOnly(precision.elementType());
    for (String matrix : new String[] {"mlp.down_proj", "self_attn.k_proj"}) {
      float[] values = values(model, "model.layers.0.%s.weight".formatted(matrix), precision);
      DoubleSummaryStatistics sum = new DoubleSummaryStatistics();
      double squares = 0;
      for (float value : values) {
        sum.accept(value);
        squares += (double) value * value;
      }
      assertThat(sum.getAverage()).isCloseTo(0, within(2e-4));
      assertThat(Math.sqrt(squares / values.length)).isCloseTo(0.02, within(1e-4));
    }
    assertThat(values(model, "model.layers.0.input_layernorm.weight", precision)).containsOnly(1);
    assertThat(values(model, "model.layers.0.self_attn.q_proj.bias", precision)).containsOnly(0);
    assertThat(values(model, "model.layers.0.mlp.gate_proj.weight", precision))
        .startsWith(values(model, "model.layers.0.mlp.gate_proj.weight", precision)[0])
        .isNotEqualTo(values(model, "model.layers.0.mlp.up_proj.weight", precision));
  }

  @Test
  void whatIsThereIsTakenWhereItIsTheSame() throws IOException {
    DecoderShape two = KnownShapes.named("tiny", OptionalInt.of(2), 8, 1).orElseThrow();
    DecoderShape three = KnownShapes.named("tiny", OptionalInt.of(3), 8, 1).orElseThrow();
    RandomWeights.findOrWrite(folder, two, Precision.FLOAT32);
    Path weights = folder.resolve("model.safetensors");
    byte[] before = Files.readAllBytes(weights);
    Object written = Files.getLastModifiedTime(weights);

    RandomWeights.findOrWrite(folder, two, Precision.FLOAT32);

    assertThat(Files.getLastModifiedTime(weights)).isEqualTo(written);
    assertThatThrownBy(() -> RandomWeights.findOrWrite(folder, three, Precision.FLOAT32))
        .isInstanceOf(InputException.class)
        .hasMessageContaining(folder + " are of another shape or dtype");
    assertThatThrownBy(() -> RandomWeights.findOrWrite(folder, two, Precision.BFLOAT16))
        .isInstanceOf(InputException.class);
    Path other = folder.resolve("other");
    RandomWeights.findOrWrite(other, two, Precision.FLOAT32);
    assertThat(Files.readAllBytes(other.resolve("model.safetensors"))).isEqualTo(before);
  }

  /** A model in several files has no model.safetensors either. */
  @Test
  void whatIsNotOursIsLeftAsItIs() throws IOException {
    DecoderShape shape = KnownShapes.named("tiny", OptionalInt.of(2), 8, 1).orElseThrow();
    Path config = Files.writeString(folder.resolve("config.json"), "theirs");
    Path tokenizer = Files.writeString(folder.resolve("tokenizer.json"), "their tokens");
    Path shard = Files.writeString(folder.resolve("model-00001-of-00002.safetensors"), "weights");
    Path begun = Files.createDirectory(folder.resolve("begun12"));

    assertThatThrownBy(() -> RandomWeights.findOrWrite(folder, shape, Precision.FLOAT32))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder
                + " holds config.json and no random weights; name an empty folder, or one to make");

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).containsExactlyInAnyOrder(config, tokenizer, shard, begun);
    }
    assertThat(config).hasContent("theirs");
    assertThat(tokenizer).hasContent("their tokens");
  }

  @Test
  void whatAProcessLeftThatWasKilledGoes() throws IOException {
    DecoderShape shape = KnownShapes.named("tiny", OptionalInt.of(2), 8, 1).orElseThrow();
    Path begun = Files.createDirectory(folder.resolve("begun12"));
    Files.writeString(begun.resolve("model.safetensors"), "half of them");

    RandomWeights.findOrWrite(folder, shape, Precision.FLOAT32);

    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("config.json", "tokenizer.json", "model.safetensors");
    }
  }

  private static float[] values(Checkpoint model, String name, Precision precision)
      throws IOException {
    TensorInfo tensor = model.find(name).orElseThrow();
    ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(tensor.byteCount()));
    bytes.order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel file = FileChannel.open(tensor.file())) {
      while (bytes.hasRemaining()) {
        file.read(bytes, tensor.position() + bytes.position());
      }
    }
    bytes.flip();
    float[] values = new float[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          precision == Precision.FLOAT32
              ? bytes.getFloat()
              : Float.intBitsToFloat(bytes.getShort() << 16);
    }
    return values;
  }
}
