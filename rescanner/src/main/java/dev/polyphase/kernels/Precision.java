package dev.polyphase.kernels;

import dev.polyphase.weights.ElementType;

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
   * @throws IllegalArgumentException for what no weight is computed in, as integers
   */
  public static Precision of(ElementType type) {
    for (Precision precision : values()) {
      if (precision.elementType == type) {
        return precision;
      }
    }
    throw new IllegalArgumentException("weights in " + type + " can't be computed with");
  }
}
