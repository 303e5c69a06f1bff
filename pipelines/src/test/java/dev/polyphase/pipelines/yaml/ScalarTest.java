package dev.polyphase.pipelines.yaml;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.problems.Place;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ScalarTest {

  @ParameterizedTest
  @CsvSource({
    "0, 0", "-0, 0", "42, 42", "+42, 42", "-1, -1", "1_000, 1000", "600_000_000, 600000000",
    "2e-5, 0.00002", "1.0e-5, 0.00001", "1E3, 1000", "1., 1", ".5, 0.5", "0.5, 0.5",
        "1_0.2_5, 10.25"
  })
  void readsDecimalNumbers(String text, String value) {
    assertThat(plain(text).number().orElseThrow()).isEqualByComparingTo(value);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "010",
        "-010",
        "00.5",
        "0_1",
        "0x10",
        "0o10",
        "0b1",
        "1:30",
        "1__0",
        "1_",
        "_1",
        "e5",
        "1e",
        ".",
        "-",
        ".inf",
        ".nan",
        "NaN",
        "Infinity",
        "1f",
        "1d",
        "1 000",
        "1,000",
        "25%",
        "1e99999999999",
        "",
        "null",
        "١"
      })
  void takesNothingElseForANumber(String text) {
    assertThat(plain(text).number()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"yes", "no", "on", "off", "y", "n", "True", "TRUE", "1", "0", ""})
  void takesOnlyTrueAndFalseForBooleans(String text) {
    assertThat(plain("true").bool()).hasValue(true);
    assertThat(plain("false").bool()).hasValue(false);
    assertThat(plain(text).bool()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "1", "null", "~", ""})
  void takesWhatIsQuotedForText(String text) {
    Scalar quoted = new Scalar(Place.in("p.yaml"), "key", text, true);
    assertThat(quoted.bool()).isEmpty();
    assertThat(quoted.number()).isEmpty();
    assertThat(quoted.isNull()).isFalse();
  }

  private static Scalar plain(String text) {
    return new Scalar(Place.in("p.yaml"), "key", text, false);
  }
}
