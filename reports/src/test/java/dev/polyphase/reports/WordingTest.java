package dev.polyphase.reports;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WordingTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "999, 999",
    "1000, 1.00K",
    "9994, 9.99K",
    "9996, 10.0K",
    "999499, 999K",
    "999500, 1.00M",
    "14770033664, 14.8B",
    "600000000000, 600B",
    "1000000000000, 1000B"
  })
  void countsInThreeDigits(long count, String text) {
    assertThat(Wording.brief(count)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "0.693147, 0.6931",
    "-0.5, -0.5000",
    "1.5, 1.500",
    "12.345, 12.35",
    "123.45, 123.5",
    "12345, 12345",
    "0.00001, 1.00e-05",
    "2e9, 2.00e+09",
    "NaN, NaN",
    "-Infinity, -Infinity"
  })
  void figuresInFourDigits(double value, String text) {
    assertThat(Wording.figure(value)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0.04, 0.0 s",
    "59.94, 59.9 s",
    "59.96, 1 min 00 s",
    "185, 3 min 05 s",
    "3599.6, 1 h 00 min",
    "123456, 34 h 17 min"
  })
  void durationsInTwoUnits(double seconds, String text) {
    assertThat(Wording.duration(seconds)).isEqualTo(text);
  }

  @Test
  void longNamesLoseTheirMiddle() {
    assertThat(Wording.cut("self_attn.q_proj", 16)).isEqualTo("self_attn.q_proj");
    assertThat(Wording.cut("self_attn.q_proj", 10)).isEqualTo("self_…proj");
    assertThat(Wording.cut("😀😀😀😀😀", 3)).isEqualTo("😀…😀");
  }
}
