package dev.polyphase.weights;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.List;

/**
 * Prints a double as Python's {@code json.dump} does: the fewest digits that read back as the same
 * double, an exponent below 1e-4 and from 1e16 on. {@link Double#toString} will not do: its
 * exponents look different, and up to JDK 18 it sometimes prints too many digits (JDK-4511638).
 */
public final class PythonFloat {
  private static final int MOST_DIGITS = 17;
  private static final List<RoundingMode> NEAREST_THEN_NEIGHBOURS =
      List.of(RoundingMode.HALF_EVEN, RoundingMode.DOWN, RoundingMode.UP);

  private PythonFloat() {}

  /**
   * The double as Python writes it into JSON; what is not finite as {@code NaN} or {@code
   * Infinity}.
   */
  public static String toString(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    String sign = Math.copySign(1, value) < 0 ? "-" : "";
    double magnitude = Math.abs(value);
    if (Double.isInfinite(magnitude)) {
      return sign + "Infinity";
    }
    if (magnitude == 0) {
      return sign + "0.0";
    }
    BigDecimal decimal = shortest(magnitude);
    int exponent = decimal.precision() - decimal.scale() - 1;
    if (exponent >= -4 && exponent < 16) {
      String plain = decimal.toPlainString();
      return sign + plain + (plain.contains(".") ? "" : ".0");
    }
    String digits = decimal.unscaledValue().toString();
    String fraction = digits.length() == 1 ? "" : "." + digits.substring(1);
    String exponentText = (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "");
    return sign + digits.charAt(0) + fraction + "e" + exponentText + Math.abs(exponent);
  }

  /** The decimal of fewest digits that reads back as {@code magnitude}, the nearest of those. */
  static BigDecimal shortest(double magnitude) {
    BigDecimal exact = new BigDecimal(magnitude);
    for (int digits = 1; digits < MOST_DIGITS; digits++) {
      // At a power of two doubles below lie closer than those above: the nearest decimal may be
      // another double where the one on the other side is not.
      for (RoundingMode rounding : NEAREST_THEN_NEIGHBOURS) {
        BigDecimal rounded = exact.round(new MathContext(digits, rounding));
        if (rounded.doubleValue() == magnitude) {
          return rounded.stripTrailingZeros();
        }
      }
    }
    return exact.round(new MathContext(MOST_DIGITS, RoundingMode.HALF_EVEN)).stripTrailingZeros();
  }
}
