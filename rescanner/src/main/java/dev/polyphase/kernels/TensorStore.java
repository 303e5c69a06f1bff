package dev.polyphase.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.weights.Binary16;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Moves tensors between safetensors files and libtorch. Files are mapped, so that frozen weights of
 * the compute's precision cost no memory of their own on the CPU.
 */
public final class TensorStore implements AutoCloseable {
  /** Elements that one write converts at a time: 64 MiB of float32. */
  private static final int WRITE_CHUNK = 1 << 24;

  private final NDManager manager;
  private final Kernel kernel;

  /** A store for arrays on the manager's device. */
  public TensorStore(NDManager manager) {
    this.manager = manager;
    this.kernel =
        Kernel.load(
            manager,
            TensorStore.class,
            "tensors.py",
            Map.of("device", Libtorch.deviceName(manager)));
  }

  /**
   * A tensor for reading only: where precision and device allow it, the file's own pages. Writing
   * to it would end the process.
   *
   * @param owner the manager that the array belongs to
   */
  public NDArray frozen(NDManager owner, TensorInfo tensor, Precision precision)
      throws IOException {
    NDArray mapped = mapped(owner, tensor);
    boolean asItIs =
        isMappable(tensor)
            && Precision.of(tensor) == precision
            && owner.getDevice().equals(Device.cpu());
    if (asItIs) {
      return mapped;
    }
    try (mapped) {
      return copy(owner, mapped, precision);
    }
  }

  /** A copy of a tensor that may be written to. */
  public NDArray writable(NDManager owner, TensorInfo tensor, Precision precision)
      throws IOException {
    try (NDArray mapped = mapped(owner, tensor)) {
      return copy(owner, mapped, precision);
    }
  }

  /** Overwrites an array with the values of a tensor at rest, which has its shape. */
  public void read(TensorInfo tensor, NDArray into) throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray mapped = mapped(scratch, tensor);
      kernel.method("overwrite").with(into).with(mapped).run(scratch);
    }
  }

  /** An array of one zero that carries a precision and this store's device to kernels. */
  public NDArray like(NDManager owner, Precision precision) {
    try (NDArray zero = owner.create(new float[] {0})) {
      return copy(owner, zero, precision);
    }
  }

  /** How many elements of {@code values} differ from the tensor's, both rounded to a precision. */
  public long countChanged(NDArray values, TensorInfo tensor, Precision rounding)
      throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray before = writable(scratch, tensor, Precision.FLOAT32);
      return kernel
          .method("count_changed")
          .with(values)
          .with(before)
          .withNumber(rounding.code())
          .runForOne(scratch)
          .getLong();
    }
  }

  /** The values of an array, rounded to a precision when they are written. */
  public NewTensor toWrite(NDArray values, Precision precision) {
    return new NewTensor(precision.elementType(), channel -> write(values, precision, channel));
  }

  /** The values of a tensor at rest, rounded to a precision when they are written. */
  public NewTensor toWrite(TensorInfo tensor, Precision precision) {
    return new NewTensor(
        precision.elementType(),
        channel -> {
          try (NDManager scratch = manager.newSubManager()) {
            write(mapped(scratch, tensor), precision, channel);
          }
        });
  }

  @Override
  public void close() {
    kernel.close();
  }

  /** A copy of an array on this store's device, which may be written to. */
  public NDArray copy(NDManager owner, NDArray source, Precision precision) {
    return kernel.method("copy_as").with(source).withNumber(precision.code()).runForOne(owner);
  }

  /** The tensor on the CPU in the precision it has at rest, or decoded to float32. */
  private NDArray mapped(NDManager owner, TensorInfo tensor) throws IOException {
    Precision precision = Precision.of(tensor);
    int elementBytes = tensor.type().bytes();
    long fileBytes = Files.size(tensor.file());
    if (tensor.position() + tensor.byteCount() > fileBytes) {
      // Reading past a file's end through a mapping ends the process.
      throw FileFailure.reading(tensor.file(), new EOFException());
    }
    if (!isMappable(tensor)) {
      return decoded(owner, tensor);
    }
    try (NDManager scratch = owner.newSubManager(Device.cpu())) {
      byte[] path = tensor.file().toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
      NDArray file =
          kernel
              .method("map_file")
              .toDo("mapping %s of %,d bytes".formatted(tensor.file(), fileBytes))
              .with(scratch.create(ByteBuffer.wrap(path), new Shape(path.length), DataType.UINT8))
              .withNumber(fileBytes / elementBytes)
              .withNumber(precision.code())
              .runForOne(scratch);
      long[] shape = tensor.shape().stream().mapToLong(Long::longValue).toArray();
      return kernel
          .method("cut")
          .with(file)
          .withNumber(tensor.position() / elementBytes)
          .withNumbers(shape)
          .runForOne(owner);
    }
  }

  /** Whether a tensor begins at a multiple of its elements, as in all well-made files. */
  private static boolean isMappable(TensorInfo tensor) {
    return tensor.elements() > 0 && tensor.position() % tensor.type().bytes() == 0;
  }

  /** For the rare tensor that a mapping can't show: read and widened to float32 here. */
  private static NDArray decoded(NDManager owner, TensorInfo tensor) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(tensor.byteCount())).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel channel = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      while (bytes.hasRemaining()
          && channel.read(bytes, tensor.position() + bytes.position()) >= 0) {}
    } catch (IOException e) {
      throw FileFailure.reading(tensor.file(), e);
    }
    bytes.flip();
    float[] values = new float[Math.toIntExact(tensor.elements())];
    Precision precision = Precision.of(tensor);
    for (int i = 0; i < values.length; i++) {
      values[i] = precision.read(bytes);
    }
    return owner.create(
        values, new Shape(tensor.shape().stream().mapToLong(Long::longValue).toArray()));
  }

  private void write(NDArray values, Precision precision, WritableByteChannel channel)
      throws IOException {
    long elements = values.size();
    for (long start = 0; start < elements; start += WRITE_CHUNK) {
      int count = (int) Math.min(WRITE_CHUNK, elements - start);
      ByteBuffer bytes = roundedBytes(values, start, count, precision);
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }
  }

  /** Rounded by libtorch to nearest even; here only the bits that rounding left are kept. */
  private ByteBuffer roundedBytes(NDArray values, long start, int count, Precision precision) {
    try (NDManager scratch = manager.newSubManager()) {
      float[] rounded =
          kernel
              .method("rounded")
              .with(values)
              .withNumber(start)
              .withNumber(count)
              .withNumber(precision.code())
              .runForOne(scratch)
              .toFloatArray();
      ByteBuffer bytes =
          ByteBuffer.allocate(count * precision.elementType().bytes())
              .order(ByteOrder.LITTLE_ENDIAN);
      for (float value : rounded) {
        switch (precision) {
          case FLOAT32 -> bytes.putFloat(value);
          case BFLOAT16 -> bytes.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
          case FLOAT16 -> bytes.putShort(Binary16.ofExact(value));
        }
      }
      return bytes.flip();
    }
  }
}
