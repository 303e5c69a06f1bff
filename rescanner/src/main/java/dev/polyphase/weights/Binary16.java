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

  /** The bits of a float that is a binary16 value already; exact. */
  public static short ofExact(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = (bits >>> 16) & 0x8000;
    float magnitude = Math.abs(value);
    if (Float.isNaN(value)) {
      return (short) (sign | 0x7e00);
    }
    if (Float.isInfinite(value)) {
      return (short) (sign | 0x7c00);
    }
    if (magnitude < 0x1p-14f) {
      return (short) (sign | Math.round(magnitude * 0x1p24f));
    }
    int exponent = ((bits >>> 23) & 0xff) - 112;
    return (short) (sign | (exponent << 10) | ((bits >>> 13) & 0x3ff));
  }
}
