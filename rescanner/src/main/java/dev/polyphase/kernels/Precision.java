package dev.polyphase.kernels;

import dev.polyphase.pipelines.SaveDtype;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.weights.Binary16;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.nio.ByteBuffer;

/** The floating-point formats that weights are computed and saved in. */
public enum Precision {
  FLOAT32(ElementType.F32, 23, -126),
  FLOAT16(ElementType.F16, 10, -14),
  BFLOAT16(ElementType.BF16, 7, -126);

  private final ElementType elementType;
  private final int mantissaBits;
  private final int leastExponent;

  Precision(ElementType elementType, int mantissaBits, int leastExponent) {
    this.elementType = elementType;
    this.mantissaBits = mantissaBits;
    this.leastExponent = leastExponent;
  }

  /** The format as safetensors names it. */
  public ElementType elementType() {
    return elementType;
  }

  /** The format's number in kernels. */
  long code() {
    return ScalarType.code(elementType);
  }

  /** The next value of little-endian bytes; exact. */
  float read(ByteBuffer bytes) {
    return switch (this) {
      case FLOAT32 -> bytes.getFloat();
      case BFLOAT16 -> Float.intBitsToFloat(bytes.getShort() << 16);
      case FLOAT16 -> Binary16.toFloat(bytes.getShort());
    };
  }

  /** The nearest value of this format, of two the even one; without its largest value's bound. */
  public double rounded(double value) {
    int exponent = Math.max(Math.getExponent(value), leastExponent);
    double spacing = Math.scalb(1.0, exponent - mantissaBits);
    return Math.rint(value / spacing) * spacing;
  }

  /** The format that a tensor is saved in. */
  public static Precision saved(TensorInfo tensor, SaveDtype dtype) {
    return switch (dtype) {
      case BASE -> of(tensor);
      case FLOAT32 -> FLOAT32;
      case BFLOAT16 -> BFLOAT16;
    };
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
