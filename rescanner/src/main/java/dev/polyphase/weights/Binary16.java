package dev.polyphase.weights;

/** IEEE 754 binary16 values in Java, which knows them by itself from version 20 on only. */
public final class Binary16 {
  private Binary16() {}

  /** The value of binary16 bits; exact. */
  public static float toFloat(short bits) {
    int exponent = (bits >> 10) & 0x1f;
    int mantissa = bits & 0x3ff;
    float magnitude;
    if (exponent == 0) {
      magnitude = mantissa * 0x1p-24f;
    } else if (exponent == 0x1f) {
      magnitude = mantissa == 0 ? Float.POSITIVE_INFINITY : Float.NaN;
    } else {
      magnitude = Float.intBitsToFloat(((exponent + 112) << 23) | (mantissa << 13));
    }
    return bits < 0 ? -magnitude : magnitude;
  }
}
