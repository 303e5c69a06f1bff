package dev.polyphase.phases.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.polyphase.weights.RowRanges;
import java.util.Optional;

/** The float32 values of a trained tensor, which an optimiser updates. */
public sealed interface Master {
  /** The file of the methods {@code joined} and {@code halve} of kernels that update masters. */
  String SOURCE = "/dev/polyphase/phases/model/halves.py";

  /** Its shape. */
  Shape shape();

  /**
   * Its values, float32: the master's own array where there is one, which must not be closed.
   *
   * @param owner of a copy
   */
  NDArray values(NDManager owner);

  /** Takes over the values of an array, float32 of its shape. */
  void set(NDArray values);

  /** What kernels are given: the values, or those of 16 bits. */
  NDArray upper();

  /** What kernels are given beside it where it is in halves: the bits that follow. */
  Optional<NDArray> lower();

  /** Some rows of it; what is written to them is written to it. */
  Master rows(RowRanges.Range rows, RowViews views);

  /** Frees its arrays. */
  void close();

  /**
   * One array.
   *
   * @param array float32
   */
  record Whole(NDArray array) implements Master {
    @Override
    public Shape shape() {
      return array.getShape();
    }

    @Override
    public NDArray values(NDManager owner) {
      return array;
    }

    @Override
    public void set(NDArray values) {
      if (values != array) {
        values.copyTo(array);
      }
    }

    @Override
    public NDArray upper() {
      return array;
    }

    @Override
    public Optional<NDArray> lower() {
      return Optional.empty();
    }

    @Override
    public Master rows(RowRanges.Range rows, RowViews views) {
      return new Whole(views.of(array, rows));
    }

    @Override
    public void close() {
      array.close();
    }
  }

  /**
   * Two arrays of 16 bits a value: what the model computes with, and the bits that follow. No
   * memory is needed for copies in the compute's dtype, and no time to make them at each use.
   *
   * @param upper the nearest bfloat16 values
   * @param rest int16, of the values' bits what is beyond those
   * @param masters computes with them, and lives longer
   */
  record Halves(NDArray upper, NDArray rest, Masters masters) implements Master {
    @Override
    public Shape shape() {
      return upper.getShape();
    }

    @Override
    public NDArray values(NDManager owner) {
      return masters.values(this, owner);
    }

    @Override
    public void set(NDArray values) {
      masters.set(this, values);
    }

    @Override
    public Optional<NDArray> lower() {
      return Optional.of(rest);
    }

    @Override
    public Master rows(RowRanges.Range rows, RowViews views) {
      return new Halves(views.of(upper, rows), views.of(rest, rows), masters);
    }

    @Override
    public void close() {
      upper.close();
      rest.close();
    }
  }
}
