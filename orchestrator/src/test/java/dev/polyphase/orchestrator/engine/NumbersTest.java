package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumbersTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 | 0.0 MiB",
        "1 | < 0.1 MiB",
        "104858 | 0.1 MiB",
        "40055603 | 38.2 MiB",
        "1073741824 | 1.00 GiB",
        "1342177280 | 1.25 GiB",
        "1319413953331 | 1,228.80 GiB"
      })
  void bytesAreInTheirUnit(long bytes, String text) {
    assertThat(Numbers.bytes(bytes)).isEqualTo(text);
  }

  @Test
  void numbersAreAsPeopleWriteThem() {
    assertThat(Numbers.whole(1234567)).isEqualTo("1,234,567");
    assertThat(Numbers.percent(1, 3)).isEqualTo("33.3 %");
    assertThat(Numbers.percent(0, 0)).isEqualTo("0.0 %");
    assertThat(Numbers.decimal(25.0)).isEqualTo("25");
    assertThat(Numbers.decimal(12.5)).isEqualTo("12.5");
    assertThat(Numbers.decimal(100)).isEqualTo("100");
  }
}
