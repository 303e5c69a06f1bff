package dev.polyphase.kernels;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;

/** The floating-point formats that weights are computed and saved in. */
public enum Precision {
  FLOAT32(ElementType.F32, 6),
  FLOAT16(ElementType.F16, 5),
  BFLOAT16(ElementType.BF16, 15);

  private final ElementType elementType;
  private final int code;

  Precision(ElementType elementType, int code) {
    this.elementType = elementType;
    this.code = code;
  }

  /** The format as safetensors names it. */
  public ElementType elementType() {
    return elementType;
  }

  /** The format's number in kernels (c10's ScalarType). */
  long code() {
    return code;
  }

  /**
   * The format of a tensor at rest.
   *
   * @throws InputException for what no weight is computed in, as the integers of quantised models
   */
  public static Precision of(TensorInfo tensor) {
    for (Precision precision : values()) {
      if (precision.elementType == tensor.type()) {
        return precision;
      }
    }
    throw new InputException(
        Place.in(tensor.file().toString()),
        "the tensor %s is of dtype %s; weights in F32, BF16 and F16 are implemented"
            .formatted(tensor.name(), tensor.type()));
  }
}
