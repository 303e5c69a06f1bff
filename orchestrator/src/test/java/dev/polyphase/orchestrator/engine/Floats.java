package dev.polyphase.orchestrator.engine;

import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.commons.math3.linear.MatrixUtils;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/** Float32 tensors straight from their file, without the project's own readers. */
public final class Floats {
  private static final Map<String, float[]> FOUND = new ConcurrentHashMap<>();

  private Floats() {}

  /** The bytes of a tensor, little-endian. */
  public static ByteBuffer read(TensorInfo tensor) throws IOException {
    return ByteBuffer.wrap(bytes(tensor)).order(ByteOrder.LITTLE_ENDIAN);
  }

  private static byte[] bytes(TensorInfo tensor) throws IOException {
    byte[] bytes = new byte[Math.toIntExact(tensor.byteCount())];
    try (RandomAccessFile file = new RandomAccessFile(tensor.file().toFile(), "r")) {
      file.seek(tensor.position());
      file.readFully(bytes);
    }
    return bytes;
  }

  /**
   * Singular values in float64 by commons-math. Those of a matrix are found once: most tests begin
   * with the same model.
   */
  public static SingularValues singularValues() {
    return tensor -> {
      byte[] bytes = bytes(tensor);
      int columns = Math.toIntExact(tensor.shape().get(tensor.shape().size() - 1));
      return FOUND
          .computeIfAbsent(
              columns + " columns of " + UUID.nameUUIDFromBytes(bytes),
              unknown -> decomposed(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN), columns))
          .clone();
    };
  }

  private static float[] decomposed(ByteBuffer bytes, int columns) {
    int rows = bytes.capacity() / Float.BYTES / columns;
    RealMatrix matrix = MatrixUtils.createRealMatrix(rows, columns);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        matrix.setEntry(row, column, bytes.getFloat(Float.BYTES * (row * columns + column)));
      }
    }
    double[] values = new SingularValueDecomposition(matrix).getSingularValues();
    float[] narrowed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      narrowed[i] = (float) values[i];
    }
    return narrowed;
  }
}
