package dev.polyphase.weights;

import java.util.List;
import java.util.OptionalLong;

/**
 * New values for a tensor of a checkpoint; its name and shape stay, but for how many rows it has.
 *
 * @param type the type that the new elements have in the file
 * @param rows what its first dimension is; empty where that stays too
 * @param bytes the elements in that type
 */
public record NewTensor(ElementType type, OptionalLong rows, TensorBytes bytes) {

  /** New values in the same shape. */
  public NewTensor(ElementType type, TensorBytes bytes) {
    this(type, OptionalLong.empty(), bytes);
  }

  /** The new shape of a tensor. */
  List<Long> shapeOf(TensorInfo old) {
    return rows.isPresent() ? old.shapeOf(rows.getAsLong()) : old.shape();
  }
}
