package dev.polyphase.weights;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/**
 * What can be said of tensors' values where they lie: they are read once, a piece at a time,
 * however large they are.
 */
public final class StoredValues {
  /** Elements of a piece. */
  private static final int PIECE = 1 << 18;

  private StoredValues() {}

  /**
   * Whether two tensors hold the same numbers in the same shape. Types may differ: a bfloat16
   * equals the float32 of its value. Equal bits are equal, NaN too; of types that are no plain
   * floating point nothing but equal bits of one type is.
   */
  public static boolean same(TensorInfo one, TensorInfo other) throws IOException {
    boolean comparable = isPlain(one.type()) && isPlain(other.type());
    if (!one.shape().equals(other.shape()) || (one.type() != other.type() && !comparable)) {
      return false;
    }
    try (Pieces ofOne = new Pieces(one);
        Pieces ofOther = new Pieces(other)) {
      while (ofOne.next() && ofOther.next()) {
        boolean equalBits = one.type() == other.type() && ofOne.bytes.equals(ofOther.bytes);
        if (!equalBits && !(comparable && sameValues(ofOne, ofOther))) {
          return false;
        }
      }
    }
    return true;
  }

  private static boolean sameValues(Pieces one, Pieces other) {
    while (one.bytes.hasRemaining()) {
      double value = one.value();
      double otherValue = other.value();
      // 0 equals -0, and NaN itself.
      if (value != otherValue && !(Double.isNaN(value) && Double.isNaN(otherValue))) {
        return false;
      }
    }
    return true;
  }

  /**
   * The largest magnitude among the values: NaN where one of them is, and 0 where there is none.
   *
   * @throws IllegalArgumentException for types other than F64, F32, BF16 and F16
   */
  public static double largest(TensorInfo tensor) throws IOException {
    if (!isPlain(tensor.type())) {
      throw new IllegalArgumentException(tensor.name() + " is of type " + tensor.type());
    }
    double largest = 0;
    try (Pieces pieces = new Pieces(tensor)) {
      while (pieces.next()) {
        while (pieces.bytes.hasRemaining()) {
          largest = Math.max(largest, Math.abs(pieces.value()));
        }
      }
    }
    return largest;
  }

  /**
   * The mean of a matrix' rows, as long as one of them; added up in float64.
   *
   * @throws IllegalArgumentException for types other than F64, F32, BF16 and F16
   */
  static double[] meanRow(TensorInfo matrix) throws IOException {
    if (!isPlain(matrix.type())) {
      throw new IllegalArgumentException(matrix.name() + " is of type " + matrix.type());
    }
    long rows = matrix.shape().get(0);
    double[] mean = new double[(int) (matrix.elements() / rows)];
    int column = 0;
    try (Pieces pieces = new Pieces(matrix)) {
      while (pieces.next()) {
        while (pieces.bytes.hasRemaining()) {
          mean[column] += pieces.value();
          column = column + 1 == mean.length ? 0 : column + 1;
        }
      }
    }
    for (int i = 0; i < mean.length; i++) {
      mean[i] /= rows;
    }
    return mean;
  }

  /** Whether a type is plain floating point: F64, F32, BF16 or F16. */
  public static boolean isPlain(ElementType type) {
    return switch (type) {
      case F64, F32, F16, BF16 -> true;
      case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 -> false;
    };
  }

  /** A tensor's elements, piece by piece. */
  private static final class Pieces implements AutoCloseable {
    private final TensorInfo tensor;
    private final FileChannel file;
    private final ByteBuffer bytes;
    private long done;

    Pieces(TensorInfo tensor) throws IOException {
      this.tensor = tensor;
      int elements = (int) Math.min(PIECE, tensor.elements());
      this.bytes =
          ByteBuffer.allocateDirect(elements * tensor.type().bytes())
              .order(ByteOrder.LITTLE_ENDIAN);
      this.file = FileChannel.open(tensor.file(), StandardOpenOption.READ);
    }

    /** Reads as many elements as there are, up to {@link #PIECE}; false where there are no more. */
    boolean next() throws IOException {
      bytes.clear();
      bytes.limit((int) Math.min(bytes.capacity(), tensor.byteCount() - done));
      while (bytes.hasRemaining()) {
        int read = file.read(bytes, tensor.position() + done);
        if (read < 0) {
          throw new EOFException(tensor.file() + " was cut while it was in use");
        }
        done += read;
      }
      bytes.flip();
      return bytes.hasRemaining();
    }

    double value() {
      return switch (tensor.type()) {
        case F64 -> bytes.getDouble();
        case F32 -> bytes.getFloat();
        case BF16 -> Float.intBitsToFloat(bytes.getShort() << 16);
        case F16 -> Binary16.toFloat(bytes.getShort());
        case I64, I32, I16, I8, U64, U32, U16, U8, BOOL, F8_E4M3, F8_E5M2 ->
            throw new IllegalStateException(tensor.name() + " is of type " + tensor.type());
      };
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
