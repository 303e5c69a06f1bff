package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.function.DoubleUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The cosines and sines of rotary positions, made for the longest sequence seen so far. */
final class RotaryTable {
  private final NDManager owner;
  private final double[] frequencies;
  private int positions;
  private @Nullable NDArray cos;
  private @Nullable NDArray sin;

  RotaryTable(NDManager owner, double[] frequencies) {
    this.owner = owner;
    this.frequencies = frequencies;
  }

  /** Two views, cosines and sines, {@code [seq, headDim]}, float32. */
  Slice upTo(int seq, NDManager scratch) {
    if (cos == null || sin == null || seq > positions) {
      if (cos != null && sin != null) {
        cos.close();
        sin.close();
      }
      positions = seq;
      cos = table(Math::cos);
      sin = table(Math::sin);
    }
    NDIndex rows = new NDIndex(":" + seq);
    NDArray cosRows = cos.get(rows);
    NDArray sinRows = sin.get(rows);
    cosRows.attach(scratch);
    sinRows.attach(scratch);
    return new Slice(cosRows, sinRows);
  }

  private NDArray table(DoubleUnaryOperator function) {
    int pairs = frequencies.length;
    float[] values = new float[positions * 2 * pairs];
    for (int position = 0; position < positions; position++) {
      for (int pair = 0; pair < pairs; pair++) {
        float value = (float) function.applyAsDouble(position * frequencies[pair]);
        values[position * 2 * pairs + pair] = value;
        values[position * 2 * pairs + pairs + pair] = value;
      }
    }
    return owner.create(values, new Shape(positions, 2L * pairs));
  }

  /** Views for one sequence length. */
  record Slice(NDArray cos, NDArray sin) {}
}
