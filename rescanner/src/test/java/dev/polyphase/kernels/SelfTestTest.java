package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SelfTestTest {

  /** Each factor and the sum are rounded once: at most three times the format's unit roundoff. */
  @ParameterizedTest
  @CsvSource({"FLOAT32, 1e-9, 1e-5", "BFLOAT16, 1e-4, 0.0118", "FLOAT16, 1e-5, 0.0015"})
  void roundsAsTheFormatDoes(Precision precision, double least, double most) {
    assertThat(SelfTest.productError("cpu", precision)).isBetween(least, most);
  }
}
