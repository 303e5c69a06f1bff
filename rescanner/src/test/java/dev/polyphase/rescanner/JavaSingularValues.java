package dev.polyphase.rescanner;

import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import org.apache.commons.math3.linear.Array2DRowRealMatrix;
import org.apache.commons.math3.linear.RealMatrix;
import org.apache.commons.math3.linear.SingularValueDecomposition;

/**
 * Singular values of float32 tensors by Commons Math in float64: a method that shares nothing with
 * libtorch.
 */
final class JavaSingularValues implements SingularValues {

  @Override
  public float[] of(TensorInfo tensor) throws IOException {
    return of(matrix(tensor));
  }

  static float[] of(RealMatrix matrix) {
    double[] values = new SingularValueDecomposition(matrix).getSingularValues();
    float[] rounded = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      rounded[i] = (float) values[i];
    }
    return rounded;
  }

  private static RealMatrix matrix(TensorInfo tensor) throws IOException {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(tensor.byteCount())).order(ByteOrder.LITTLE_ENDIAN);
    try (FileChannel file = FileChannel.open(tensor.file())) {
      while (bytes.hasRemaining() && file.read(bytes, tensor.position() + bytes.position()) > 0) {}
    }
    bytes.flip();
    int columns = Math.toIntExact(tensor.shape().get(tensor.shape().size() - 1));
    int rows = Math.toIntExact(tensor.elements()) / columns;
    RealMatrix matrix = new Array2DRowRealMatrix(rows, columns);
    for (int row = 0; row < rows; row++) {
      for (int column = 0; column < columns; column++) {
        matrix.setEntry(row, column, bytes.getFloat());
      }
    }
    return matrix;
  }
}
