package dev.polyphase.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.NewTensor;
import dev.polyphase.weights.TensorInfo;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
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
  /** Elements that are read, converted or written at a time: 64 MiB of float32. */
  private static final long PART = 1 << 24;

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
   * @throws InputException where its values are not of a {@link Precision}
   */
  public NDArray frozen(NDManager owner, TensorInfo tensor, Precision precision)
      throws IOException {
    Precision atRest = Precision.of(tensor);
    NDArray mapped = mapped(owner, tensor);
    boolean asItIs =
        isMappable(tensor) && atRest == precision && owner.getDevice().equals(Device.cpu());
    if (asItIs) {
      return mapped;
    }
    try (mapped) {
      return copy(owner, mapped, precision);
    }
  }

  /**
   * A copy of a tensor that may be written to.
   *
   * @throws InputException where its values are not of a {@link Precision}
   */
  public NDArray writable(NDManager owner, TensorInfo tensor, Precision precision)
      throws IOException {
    Precision.of(tensor);
    try (NDArray mapped = mapped(owner, tensor)) {
      return copy(owner, mapped, precision);
    }
  }

  /** A copy of a tensor in the type that it has at rest, bit by bit, which may be written to. */
  public NDArray exact(NDManager owner, TensorInfo tensor) throws IOException {
    try (NDArray mapped = mapped(owner, tensor)) {
      return copy(owner, mapped, tensor.type());
    }
  }

  /**
   * Overwrites an array with the values of a tensor at rest, which has its shape: bit by bit where
   * its type is the array's, else rounded to the nearest.
   *
   * @param tensor of any type that {@link #exact} writes
   */
  public void read(TensorInfo tensor, NDArray into) throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray mapped = mapped(scratch, tensor);
      kernel.method("overwrite").with(into).with(mapped).run(scratch);
    }
  }

  /**
   * A copy of an array on the CPU, in its own type and bit by bit, with its elements in row-major
   * order.
   *
   * @param owner the manager that the copy belongs to
   */
  public NDArray copyToHost(NDManager owner, NDArray values) {
    return kernel.method("copy_to_host").with(values).runForOne(owner);
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
    return toWrite(values, precision.elementType());
  }

  /**
   * An array as it is, whatever its type (floating point of 8 to 64 bits, whole numbers, booleans),
   * its shape ({@code []} and empty ones included) and its device.
   */
  public NewTensor exact(NDArray values) {
    try (NDManager scratch = manager.newSubManager()) {
      long code = kernel.method("dtype").with(values).runForOne(scratch).getLong();
      return toWrite(values, ScalarType.of(code));
    }
  }

  private NewTensor toWrite(NDArray values, ElementType type) {
    return new NewTensor(type, channel -> write(values, type, channel));
  }

  /** The values of a tensor at rest, rounded to a precision when they are written. */
  public NewTensor toWrite(TensorInfo tensor, Precision precision) {
    return new NewTensor(
        precision.elementType(),
        channel -> {
          try (NDManager scratch = manager.newSubManager()) {
            write(mapped(scratch, tensor), precision.elementType(), channel);
          }
        });
  }

  @Override
  public void close() {
    kernel.close();
  }

  /** A copy of an array on this store's device, which may be written to. */
  public NDArray copy(NDManager owner, NDArray source, Precision precision) {
    return copy(owner, source, precision.elementType());
  }

  private NDArray copy(NDManager owner, NDArray source, ElementType type) {
    return kernel.method("copy_as").with(source).withNumber(ScalarType.code(type)).runForOne(owner);
  }

  /** The tensor on the CPU as it is at rest. */
  private NDArray mapped(NDManager owner, TensorInfo tensor) throws IOException {
    int elementBytes = tensor.type().bytes();
    long fileBytes = Files.size(tensor.file());
    if (tensor.position() + tensor.byteCount() > fileBytes) {
      // Reading past a file's end through a mapping ends the process.
      throw FileFailure.reading(tensor.file(), new EOFException());
    }
    if (!isMappable(tensor)) {
      return loaded(owner, tensor);
    }
    try (NDManager scratch = owner.newSubManager(Device.cpu())) {
      byte[] path = tensor.file().toAbsolutePath().toString().getBytes(StandardCharsets.UTF_8);
      NDArray file =
          kernel
              .method("map_file")
              .toDo("mapping %s of %,d bytes".formatted(tensor.file(), fileBytes))
              .with(scratch.create(ByteBuffer.wrap(path), new Shape(path.length), DataType.UINT8))
              .withNumber(fileBytes / elementBytes)
              .withNumber(ScalarType.code(tensor.type()))
              .runForOne(scratch);
      return kernel
          .method("cut")
          .with(file)
          .withNumber(tensor.position() / elementBytes)
          .withNumbers(shape(tensor))
          .runForOne(owner);
    }
  }

  /** Whether a tensor begins at a multiple of its elements, as in all well-made files. */
  private static boolean isMappable(TensorInfo tensor) {
    return tensor.elements() > 0 && tensor.position() % tensor.type().bytes() == 0;
  }

  /** For the rare tensor that a mapping can't show: a copy on the CPU. */
  private NDArray loaded(NDManager owner, TensorInfo tensor) throws IOException {
    NDArray array =
        kernel
            .method("empty")
            .withNumbers(shape(tensor))
            .withNumber(ScalarType.code(tensor.type()))
            .runForOne(owner);
    try (FileChannel channel = FileChannel.open(tensor.file(), StandardOpenOption.READ)) {
      eachPart(
          array,
          tensor.type(),
          (bytes, start) -> {
            long position = tensor.position() + start * tensor.type().bytes();
            while (bytes.hasRemaining()) {
              if (channel.read(bytes, position + bytes.position()) < 0) {
                throw new EOFException();
              }
            }
          });
      return array;
    } catch (IOException e) {
      array.close();
      throw FileFailure.reading(tensor.file(), e);
    }
  }

  private static long[] shape(TensorInfo tensor) {
    return tensor.shape().stream().mapToLong(Long::longValue).toArray();
  }

  private void write(NDArray values, ElementType type, WritableByteChannel channel)
      throws IOException {
    eachPart(
        values,
        type,
        (bytes, start) -> {
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
        });
  }

  /** What is done with the memory of some elements, the first of which is {@code start}. */
  @FunctionalInterface
  private interface Part {
    void use(ByteBuffer bytes, long start) throws IOException;
  }

  /**
   * Shows an array's elements in row-major order, rounded to a type and on the CPU: their own
   * memory where they lie there like that, else copies, each of a part.
   */
  private void eachPart(NDArray values, ElementType type, Part part) throws IOException {
    long elements = values.size();
    try (NDManager whole = manager.newSubManager()) {
      NDArray flat = kernel.method("flat").with(values).runForOne(whole);
      for (long start = 0; start < elements; start += PART) {
        try (NDManager scratch = whole.newSubManager()) {
          NDArray some =
              kernel
                  .method("part")
                  .with(flat)
                  .withNumber(start)
                  .withNumber(Math.min(PART, elements - start))
                  .withNumber(ScalarType.code(type))
                  .runForOne(scratch);
          part.use(some.toByteBuffer(true), start);
        }
      }
    }
  }
}
