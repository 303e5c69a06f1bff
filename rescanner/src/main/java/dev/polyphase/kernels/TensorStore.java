package dev.polyphase.kernels;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.JniUtils;
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
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * Moves tensors between safetensors files and libtorch. Files are mapped, so that frozen weights of
 * the compute's precision cost no memory of their own on the CPU.
 */
public final class TensorStore implements AutoCloseable {
  /** Elements that are read, converted or written at a time: 64 MiB of float32. */
  private static final long PART = 1 << 24;

  /** The same where more is computed of each: what it takes stays in the caches of a CPU. */
  private static final long PART_BY_CHANCE = 1 << 18;

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
   * to it would end the process, and what shares its memory must not be used once it is closed.
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

  /** Overwrites an array with the values of another of its shape, rounded to its type. */
  public void overwrite(NDArray into, NDArray values) {
    try (NDManager scratch = manager.newSubManager()) {
      kernel.method("overwrite").with(into).with(values).run(scratch);
    }
  }

  /** An array of one zero that carries a precision and this store's device to kernels. */
  public NDArray like(NDManager owner, Precision precision) {
    try (NDArray zero = owner.create(new float[] {0})) {
      return copy(owner, zero, precision);
    }
  }

  /** {@link #countChanged(NDArray, TensorInfo, Precision, RoundingRule)} to the nearest. */
  public long countChanged(NDArray values, TensorInfo tensor, Precision precision)
      throws IOException {
    return countChanged(values, tensor, precision, RoundingRule.NEAREST);
  }

  /**
   * How many elements of {@code values} differ from the tensor's, both rounded to a precision by
   * the same rule: where nothing has changed nothing is counted, however it is rounded.
   */
  public long countChanged(
      NDArray values, TensorInfo tensor, Precision precision, RoundingRule rule)
      throws IOException {
    try (NDManager scratch = manager.newSubManager()) {
      NDArray before = flat(writable(scratch, tensor, Precision.FLOAT32), scratch);
      NDArray after = flat(values, scratch);
      long changed = 0;
      for (long start = 0; start < after.size(); start += length(rule)) {
        try (NDManager current = scratch.newSubManager()) {
          Kernel.Call call = method("count_changed", rule).with(after).with(before);
          changed += place(call, after, start, precision.elementType(), rule, current).getLong();
        }
      }
      return changed;
    }
  }

  /**
   * The values that {@link #toWrite(NDArray, Precision, RoundingRule)} writes, as float32 on this
   * store's device.
   */
  public NDArray rounded(NDManager owner, NDArray values, Precision precision, RoundingRule rule) {
    NDArray rounded = copy(owner, values, Precision.FLOAT32);
    try (NDManager scratch = manager.newSubManager()) {
      NDArray into = flat(rounded, scratch);
      NDArray from = flat(values, scratch);
      for (long start = 0; start < from.size(); start += length(rule)) {
        try (NDManager current = scratch.newSubManager()) {
          Kernel.Call call = method("round_into", rule).with(into).with(from);
          place(call, from, start, precision.elementType(), rule, current);
        }
      }
    }
    return rounded;
  }

  /** The values of an array, rounded to the nearest of a precision when they are written. */
  public NewTensor toWrite(NDArray values, Precision precision) {
    return toWrite(values, precision, RoundingRule.NEAREST);
  }

  /** The values of an array, rounded to a precision when they are written. */
  public NewTensor toWrite(NDArray values, Precision precision, RoundingRule rule) {
    return toWrite(values, precision.elementType(), rule);
  }

  /**
   * An array as it is, whatever its type (floating point of 8 to 64 bits, whole numbers, booleans),
   * its shape ({@code []} and empty ones included) and its device.
   */
  public NewTensor exact(NDArray values) {
    try (NDManager scratch = manager.newSubManager()) {
      long code = kernel.method("dtype").with(values).runForOne(scratch).getLong();
      return toWrite(values, ScalarType.of(code), RoundingRule.NEAREST);
    }
  }

  private NewTensor toWrite(NDArray values, ElementType type, RoundingRule rule) {
    return new NewTensor(type, channel -> write(values, type, rule, channel));
  }

  /**
   * The values of a tensor at rest, rounded to the nearest of a precision when they are written.
   */
  public NewTensor toWrite(TensorInfo tensor, Precision precision) {
    return toWrite(tensor, precision, RoundingRule.NEAREST);
  }

  /** The values of a tensor at rest, rounded to a precision when they are written. */
  public NewTensor toWrite(TensorInfo tensor, Precision precision, RoundingRule rule) {
    ElementType type = precision.elementType();
    return new NewTensor(
        type,
        channel -> {
          try (NDManager scratch = manager.newSubManager()) {
            write(mapped(scratch, tensor), type, rule, channel);
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
    if (!isMappable(tensor)) {
      return loaded(owner, tensor);
    }
    MappedFile.Part memory = MappedFile.map(tensor.file(), tensor.position(), tensor.byteCount());
    try (NDManager cpu = owner.newSubManager(Device.cpu())) {
      // The length counts, of which the buffer need not reach the end.
      NDArray bytes =
          JniUtils.createNdFromByteBuffer(
              (PtNDManager) cpu,
              memory.start(),
              new Shape(tensor.byteCount()),
              DataType.UINT8,
              SparseFormat.DENSE,
              Device.cpu());
      NDArray array =
          kernel
              .method("on_memory")
              .with(bytes)
              .withNumbers(shape(tensor))
              .withNumber(ScalarType.code(tensor.type()))
              .runForOne(owner);
      return MappedArray.of((PtNDArray) array, memory);
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  /**
   * Whether the file's pages can serve as an array: a tensor has to begin at a multiple of its
   * elements, as in all well-made files, since libtorch takes that for granted.
   */
  private static boolean isMappable(TensorInfo tensor) {
    return tensor.elements() > 0
        && tensor.position() % tensor.type().bytes() == 0
        && MappedFile.isSupported();
  }

  private static long[] shape(TensorInfo tensor) {
    return tensor.shape().stream().mapToLong(Long::longValue).toArray();
  }

  /** Where no mapping can show the tensor: a copy on the CPU. */
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
          RoundingRule.NEAREST,
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

  private void write(
      NDArray values, ElementType type, RoundingRule rule, WritableByteChannel channel)
      throws IOException {
    eachPart(
        values,
        type,
        rule,
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
  private void eachPart(NDArray values, ElementType type, RoundingRule rule, Part part)
      throws IOException {
    try (NDManager whole = manager.newSubManager()) {
      NDArray flat = flat(values, whole);
      for (long start = 0; start < flat.size(); start += length(rule)) {
        try (NDManager scratch = whole.newSubManager()) {
          Kernel.Call call = method("part", rule).with(flat);
          part.use(place(call, flat, start, type, rule, scratch).toByteBuffer(true), start);
        }
      }
    }
  }

  private NDArray flat(NDArray values, NDManager owner) {
    return kernel.method("flat").with(values).runForOne(owner);
  }

  private Kernel.Call method(String name, RoundingRule rule) {
    return kernel.method(rule instanceof RoundingRule.Stochastic ? name + "_by_chance" : name);
  }

  /** Runs a call of {@link #method}, which has its arrays, for a part of them. */
  private static NDArray place(
      Kernel.Call call,
      NDArray flat,
      long start,
      ElementType type,
      RoundingRule rule,
      NDManager owner) {
    call.withNumber(start)
        .withNumber(Math.min(length(rule), flat.size() - start))
        .withNumber(ScalarType.code(type));
    if (rule instanceof RoundingRule.Stochastic stochastic) {
      call.withNumbers(stochastic.keys(start));
    }
    return call.runForOne(owner);
  }

  private static long length(RoundingRule rule) {
    return rule instanceof RoundingRule.Stochastic ? PART_BY_CHANCE : PART;
  }
}
