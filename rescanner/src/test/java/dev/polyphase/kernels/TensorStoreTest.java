package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.fixtures.HandMadeTensors;
import dev.polyphase.fixtures.TensorValues;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Binary16;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.SafetensorsFile;
import dev.polyphase.weights.TensorInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TensorStoreTest {
  private static final float INFINITY = Float.POSITIVE_INFINITY;

  /** 1.5, -2, the largest, the smallest and the largest subnormal, both infinities. */
  private static final short[] BINARY16 = {
    0x3e00, (short) 0xc000, 0x7bff, 0x0001, (short) 0x83ff, 0x7c00, (short) 0xfc00
  };

  private static final float[] BINARY16_VALUES = {
    1.5f, -2, 65504, 0x1p-24f, -0x3ffp-24f, INFINITY, -INFINITY
  };

  /** 1, -3.140625, the smallest subnormal, minus infinity. */
  private static final short[] BFLOAT16 = {0x3f80, (short) 0xc049, 0x0001, (short) 0xff80};

  private static final float[] BFLOAT16_VALUES = {1, -3.140625f, 0x1p-133f, -INFINITY};
  private static final float[] FLOATS = {0.1f, -2.5f, 3e38f, Float.MIN_VALUE, -0f, 7};

  @TempDir Path folder;
  private NDManager manager;
  private TensorStore store;

  @BeforeEach
  void open() {
    manager = Libtorch.newManager("cpu");
    store = new TensorStore(manager);
  }

  @AfterEach
  void close() {
    store.close();
    manager.close();
  }

  /** After one byte, nothing is aligned to its elements any more. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void valuesAreTheFiles(boolean misaligned) throws IOException {
    Checkpoint checkpoint = everyPrecision(misaligned, folder);
    Map<String, float[]> expected =
        Map.of("f32", FLOATS, "bf16", BFLOAT16_VALUES, "f16", BINARY16_VALUES);
    for (String name : expected.keySet()) {
      TensorInfo tensor = tensor(checkpoint, name);
      NDArray frozen = store.frozen(manager, tensor, Precision.FLOAT32);
      assertValues(frozen, expected.get(name));
      assertThat(frozen.getShape().getShape())
          .isEqualTo(tensor.shape().stream().mapToLong(Long::longValue).toArray());
      assertValues(store.writable(manager, tensor, Precision.FLOAT32), expected.get(name));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tensorsHaveThePrecisionAskedFor(boolean misaligned) throws IOException {
    Checkpoint checkpoint = everyPrecision(misaligned, folder);
    for (String name : List.of("f32", "bf16", "f16", "scalar", "empty")) {
      TensorInfo tensor = tensor(checkpoint, name);
      for (Precision precision : Precision.values()) {
        // DJL has no name for bfloat16.
        DataType type =
            switch (precision) {
              case FLOAT32 -> DataType.FLOAT32;
              case FLOAT16 -> DataType.FLOAT16;
              case BFLOAT16 -> DataType.UNKNOWN;
            };
        assertThat(store.frozen(manager, tensor, precision).getDataType())
            .as("%s as %s", name, precision)
            .isEqualTo(type);
        assertThat(store.writable(manager, tensor, precision).getDataType()).isEqualTo(type);
        assertThat(store.like(manager, precision).getDataType()).isEqualTo(type);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void scalarsAndEmptyTensors(boolean misaligned) throws IOException {
    Checkpoint checkpoint = everyPrecision(misaligned, folder);

    NDArray scalar = store.frozen(manager, tensor(checkpoint, "scalar"), Precision.FLOAT32);
    NDArray empty = store.frozen(manager, tensor(checkpoint, "empty"), Precision.FLOAT32);

    assertThat(scalar.getShape()).isEqualTo(new Shape());
    assertThat(scalar.getFloat()).isEqualTo(42);
    assertThat(empty.getShape()).isEqualTo(new Shape(3, 0));
    assertThat(written(store.toWrite(scalar, Precision.BFLOAT16))).containsExactly(0x28, 0x42);
    assertThat(written(store.toWrite(empty, Precision.BFLOAT16))).isEmpty();
    assertThat(store.countChanged(empty, tensor(checkpoint, "empty"), Precision.FLOAT32)).isZero();
  }

  @Test
  void everyTensorOfAFixture() throws IOException {
    for (TensorInfo tensor : Checkpoint.open(Fixture.QWEN2.copyTo(folder)).tensors()) {
      assertValues(store.frozen(manager, tensor, Precision.FLOAT32), TensorValues.floats(tensor));
    }
  }

  @Test
  void foldersMayHaveAnyName() throws IOException {
    Path odd = folder.resolve("Ärger mit 模型 \"é\" 🙂");
    TensorInfo tensor = tensor(everyPrecision(false, odd), "f32");

    assertValues(store.frozen(manager, tensor, Precision.FLOAT32), FLOATS);
  }

  @ParameterizedTest
  @EnumSource
  void writingToACopyLeavesTheFile(Precision precision) throws IOException {
    Checkpoint checkpoint = everyPrecision(false, folder);
    byte[] before = Files.readAllBytes(folder.resolve("model.safetensors"));
    TensorInfo tensor = tensor(checkpoint, "f32");
    NDArray frozen = store.frozen(manager, tensor, Precision.FLOAT32);
    TensorInfo ofPrecision =
        tensor(checkpoint, precision.elementType().name().toLowerCase(Locale.ROOT));

    store.writable(manager, tensor, Precision.FLOAT32).addi(1);
    store.writable(manager, ofPrecision, precision).muli(0);

    assertValues(frozen, FLOATS);
    assertThat(Files.readAllBytes(folder.resolve("model.safetensors"))).isEqualTo(before);
  }

  @Test
  void roundsToTheNearestBfloat16() throws IOException {
    float[] values = manyFloats();
    ByteBuffer found = toWrite(values, Precision.BFLOAT16);
    for (float value : values) {
      assertThat(found.getShort())
          .as(Float.toHexString(value))
          .isEqualTo(HandMadeTensors.bfloat16(value));
    }
    assertThat(found.hasRemaining()).isFalse();
  }

  @Test
  void roundsToTheNearestBinary16() throws IOException {
    float[] values = manyFloats();
    ByteBuffer found = toWrite(values, Precision.FLOAT16);
    for (float value : values) {
      assertThat(Binary16.toFloat(found.getShort()))
          .as(Float.toHexString(value))
          .isEqualTo(nearestBinary16(value));
    }
  }

  @ParameterizedTest
  @EnumSource
  void roundsInJavaAsLibtorchDoes(Precision precision) throws IOException {
    float[] values = manyFloats();
    ByteBuffer found = toWrite(values, precision);
    for (float value : values) {
      float rounded = precision.read(found);
      if (Float.isFinite(rounded)) {
        assertThat((float) precision.rounded(value)).isEqualTo(rounded);
      }
    }
  }

  @Test
  void writesFloat32BitByBit() throws IOException {
    float[] values = manyFloats();
    ByteBuffer found = toWrite(values, Precision.FLOAT32);
    for (float value : values) {
      assertThat(found.getInt()).isEqualTo(Float.floatToRawIntBits(value));
    }
  }

  @ParameterizedTest
  @EnumSource
  void nanStaysNan(Precision precision) throws IOException {
    float signalling = Float.intBitsToFloat(0xff800001);
    float[] values = {Float.NaN, -Float.NaN, signalling, Float.intBitsToFloat(0x7fc12345)};
    ByteBuffer found = toWrite(values, precision);
    for (int i = 0; i < values.length; i++) {
      assertThat(precision.read(found)).isNaN();
    }
  }

  /** Random bits of every type, among them NaNs of all kinds. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void exactIsBitByBit(boolean misaligned) throws IOException {
    Map<String, byte[]> bytes = new LinkedHashMap<>();
    HandMadeTensors tensors = new HandMadeTensors();
    if (misaligned) {
      tensors.bytes("byte", "U8", List.of(1L), (byte) 1);
    }
    Random random = new Random(5);
    for (ElementType type : ElementType.values()) {
      for (List<Long> shape : List.of(List.of(2L, 3L), List.<Long>of(), List.of(3L, 0L))) {
        long elements = shape.stream().reduce(1L, (a, b) -> a * b);
        byte[] values = new byte[(int) elements * type.bytes()];
        random.nextBytes(values);
        if (type == ElementType.BOOL) {
          for (int i = 0; i < values.length; i++) {
            values[i] &= 1;
          }
        }
        String name = type + " " + shape;
        tensors.bytes(name, type.name(), shape, values);
        tensors.bytes("zeros " + name, type.name(), shape, new byte[values.length]);
        // The next one's elements begin at a multiple of 8 again.
        int gap = 7 - (2 * values.length + 7) % 8;
        tensors.bytes("gap " + name, "U8", List.of((long) gap), new byte[gap]);
        bytes.put(name, values);
      }
    }
    Checkpoint checkpoint = tensors.writeTo(folder);
    List<SafetensorsFile.Tensor> written = new ArrayList<>();
    for (String name : bytes.keySet()) {
      TensorInfo tensor = tensor(checkpoint, name);
      NDArray array = store.exact(manager, tensor(checkpoint, "zeros " + name));
      assertThat(written(store.exact(array))).isEqualTo(new byte[bytes.get(name).length]);
      store.read(tensor, array);
      NDArray onHost = store.copyToHost(manager, array);
      array.close();
      written.add(new SafetensorsFile.Tensor(name, tensor.shape(), store.exact(onHost)));
    }
    Path file = folder.resolve("states.safetensors");
    SafetensorsFile.write(file, written);

    List<TensorInfo> found = SafetensorsFile.read(file);
    assertThat(found).hasSize(bytes.size());
    for (TensorInfo tensor : found) {
      TensorInfo original = tensor(checkpoint, tensor.name());
      assertThat(tensor.type()).isEqualTo(original.type());
      assertThat(tensor.shape()).isEqualTo(original.shape());
      assertThat(TensorValues.bytes(tensor)).as(tensor.name()).isEqualTo(bytes.get(tensor.name()));
    }
  }

  @Test
  void exactIsInRowMajorOrderWhateverTheMemorys() throws IOException {
    NDArray transposed =
        manager.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(3, 2)).transpose();

    ByteBuffer found =
        ByteBuffer.wrap(written(store.exact(transposed))).order(ByteOrder.LITTLE_ENDIAN);
    NDArray onHost = store.copyToHost(manager, transposed);

    for (float value : new float[] {1, 3, 5, 2, 4, 6}) {
      assertThat(found.getFloat()).isEqualTo(value);
    }
    assertThat(onHost.getShape()).isEqualTo(new Shape(2, 3));
    assertValues(onHost, 1, 3, 5, 2, 4, 6);
  }

  @Test
  void copiesOnTheHostStayWhenTheArrayChanges() {
    NDArray values = manager.create(new float[] {1, 2});
    NDArray copy = store.copyToHost(manager, values);

    values.muli(3);

    assertValues(copy, 1, 2);
  }

  @Test
  void convertsTensorsAtRest() throws IOException {
    Checkpoint checkpoint = everyPrecision(true, folder);
    byte[] widened = written(store.toWrite(tensor(checkpoint, "bf16"), Precision.FLOAT32));
    ByteBuffer values = ByteBuffer.wrap(widened).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : BFLOAT16_VALUES) {
      assertThat(values.getFloat()).isEqualTo(value);
    }
    assertThat(values.hasRemaining()).isFalse();
  }

  /** More elements than are converted at a time. */
  @Test
  void writesLargeTensorsInParts() throws IOException {
    int elements = (1 << 24) + 4;
    NDArray values = manager.arange(0, elements, 1, DataType.FLOAT32);
    Counting channel = new Counting();

    store.toWrite(values, Precision.FLOAT32).bytes().writeTo(channel);

    assertThat(channel.next).isEqualTo(elements);
  }

  @Test
  void countsWhatRoundingKeeps() throws IOException {
    Checkpoint checkpoint =
        new HandMadeTensors()
            .halves("w", "BF16", List.of(6L), new short[] {0x3f80, 0x3f80, 0x3f80, 0x3f80, 0, 0})
            .writeTo(folder);
    // bfloat16 has 1 and 1 + 2^-7 beside each other; half-way goes to the even 1.
    NDArray values =
        manager.create(new float[] {1, 1 + 0x1p-9f, 1 + 0x1p-8f, 1 + 0x1.8p-8f, 1e-30f, -0f});
    TensorInfo tensor = tensor(checkpoint, "w");

    assertThat(store.countChanged(values, tensor, Precision.BFLOAT16)).isEqualTo(2);
    assertThat(store.countChanged(values, tensor, Precision.FLOAT32)).isEqualTo(4);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void fileThatWasCutIsNamed(boolean misaligned) throws IOException {
    Checkpoint checkpoint = everyPrecision(misaligned, folder);
    Path file = folder.resolve("model.safetensors");
    TensorInfo tensor = tensor(checkpoint, "f16");
    try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      cut.setLength(tensor.position() + tensor.byteCount() - 1);
    }

    assertThatThrownBy(() -> store.frozen(manager, tensor, Precision.FLOAT32))
        .isInstanceOf(IOException.class)
        .hasMessage(
            file
                + ": it became shorter while it was read; leave it alone and run the command again");
    assertThatThrownBy(() -> store.writable(manager, tensor, Precision.FLOAT32))
        .isInstanceOf(IOException.class);
    assertThatThrownBy(() -> written(store.toWrite(tensor, Precision.FLOAT32)))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"I8", "U8", "BOOL", "F8_E4M3"})
  void typesThatAreNotComputedWithAreNamed(String type) throws IOException {
    Checkpoint checkpoint =
        new HandMadeTensors().bytes("q", type, List.of(2L), (byte) 1, (byte) 2).writeTo(folder);

    assertThatThrownBy(() -> store.frozen(manager, tensor(checkpoint, "q"), Precision.FLOAT32))
        .isInstanceOf(InputException.class)
        .hasMessage(
            folder.resolve("model.safetensors")
                + ": the tensor q is of dtype "
                + type
                + "; weights in F32, BF16 and F16 are implemented");
  }

  private static Checkpoint everyPrecision(boolean misaligned, Path folder) throws IOException {
    HandMadeTensors tensors = new HandMadeTensors();
    if (misaligned) {
      tensors.bytes("byte", "U8", List.of(1L), (byte) 1);
    }
    return tensors
        .float32("f32", List.of(2L, 3L), FLOATS)
        .halves("bf16", "BF16", List.of(4L), BFLOAT16)
        .float32("scalar", List.of(), 42)
        .float32("empty", List.of(3L, 0L))
        .halves("f16", "F16", List.of(7L, 1L), BINARY16)
        .writeTo(folder);
  }

  private static TensorInfo tensor(Checkpoint checkpoint, String name) {
    return checkpoint.find(name).orElseThrow();
  }

  private static void assertValues(NDArray found, float... expected) {
    assertThat(found.toFloatArray()).isEqualTo(expected);
  }

  /** Values of every size, half-way cases among them. */
  private static float[] manyFloats() {
    Random random = new Random(3);
    float[] special = {0f, -0f, INFINITY, -INFINITY, Float.MIN_VALUE, -Float.MAX_VALUE, 0x1p-25f};
    float[] values = Arrays.copyOf(special, 4000);
    for (int i = special.length; i < values.length; i++) {
      int bits = random.nextInt();
      float value =
          switch (i % 4) {
            case 0 -> Float.intBitsToFloat(bits);
            case 1 -> Float.intBitsToFloat((bits & 0xffff0000) | 0x8000);
            case 2 -> (float) random.nextGaussian();
            default -> ((bits & 0xfff) | 1) * 0x1p-25f * (1 << random.nextInt(26));
          };
      values[i] = Float.isNaN(value) ? INFINITY : value;
    }
    return values;
  }

  /** By division: the spacing of binary16 around a value is 2^-10 of its power of two. */
  private static float nearestBinary16(float value) {
    int exponent = Math.max(-14, Math.getExponent(value));
    double spacing = Math.scalb(1.0, exponent - 10);
    double rounded = Math.rint(value / spacing) * spacing;
    return (float) (Math.abs(rounded) > 65504 ? Math.copySign(INFINITY, rounded) : rounded);
  }

  private ByteBuffer toWrite(float[] values, Precision precision) throws IOException {
    NDArray array = manager.create(values, new Shape(values.length / 4, 4));
    NewTensor tensor = store.toWrite(array, precision);
    assertThat(tensor.type()).isEqualTo(precision.elementType());
    return ByteBuffer.wrap(written(tensor)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] written(NewTensor tensor) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    tensor.bytes().writeTo(Channels.newChannel(bytes));
    return bytes.toByteArray();
  }

  /** Takes the float32 values 0, 1, 2 and so on, and keeps none. */
  private static final class Counting implements WritableByteChannel {
    private int next;

    @Override
    public int write(ByteBuffer bytes) {
      int count = bytes.remaining();
      ByteBuffer values = bytes.slice().order(ByteOrder.LITTLE_ENDIAN);
      while (values.hasRemaining()) {
        if (values.getFloat() != (float) next) {
          throw new IllegalStateException("element " + next + " is another");
        }
        next++;
      }
      bytes.position(bytes.limit());
      return count;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }
}
