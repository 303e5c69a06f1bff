package dev.polyphase.weights;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class PythonFloatTest {

  /** What CPython 3.11 prints. The last four are doubles for which JDK 17 prints other digits. */
  @ParameterizedTest
  @CsvSource({
    "0.1, 0.1",
    "1, 1.0",
    "100, 100.0",
    "-0.5, -0.5",
    "0, 0.0",
    "-0.0, -0.0",
    "1e-4, 0.0001",
    "1e-5, 1e-05",
    "1.1e-5, 1.1e-05",
    "3.3333333333333335e-5, 3.3333333333333335e-05",
    "1e15, 1000000000000000.0",
    "9999999999999998, 9999999999999998.0",
    "1e16, 1e+16",
    "8.99e27, 8.99e+27",
    "9007199254740993, 9007199254740992.0",
    "1.7976931348623157e308, 1.7976931348623157e+308",
    "2.2250738585072014e-308, 2.2250738585072014e-308",
    "0.34814128279685974, 0.34814128279685974",
    "0.00042199910967610776, 0.00042199910967610776",
    "NaN, NaN",
    "Infinity, Infinity",
    "-Infinity, -Infinity",
    "2e23, 2e+23",
    "0x0.0000000000001p-1022, 5e-324",
    "0x1p-44, 5.684341886080802e-14",
    "0x1p63, 9.223372036854776e+18",
  })
  void printsAsPython(double value, String expected) {
    assertThat(PythonFloat.toString(value)).isEqualTo(expected);
  }

  @Test
  void printsTheFewestDigitsThatReadBack() {
    Random random = new Random(4511638);
    for (int i = 0; i < 20_000; i++) {
      double value =
          i % 2 == 0
              ? Double.longBitsToDouble(random.nextLong() & Long.MAX_VALUE)
              : Float.intBitsToFloat(random.nextInt() & Integer.MAX_VALUE);
      if (Double.isNaN(value) || Double.isInfinite(value)) {
        continue;
      }
      String text = PythonFloat.toString(value);
      assertThat(Double.parseDouble(text)).isEqualTo(value);
      assertThat(digits(text)).isLessThanOrEqualTo(digits(Double.toString(value)));
    }
  }

  private static int digits(String decimal) {
    return new BigDecimal(decimal).stripTrailingZeros().precision();
  }
}
