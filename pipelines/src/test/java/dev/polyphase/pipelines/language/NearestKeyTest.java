package dev.polyphase.pipelines.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestKeyTest {

  @ParameterizedTest
  @CsvSource({
    "kitten, sitting, 3", // Levenshtein's textbook example
    "ca, abc, 3", // optimal string alignment; unrestricted Damerau-Levenshtein has 2
    "seed, sede, 1",
    "'', abc, 3",
    "abc, abc, 0"
  })
  void countsSlips(String from, String to, int slips) {
    assertThat(NearestKey.distance(from, to)).isEqualTo(slips);
    assertThat(NearestKey.distance(to, from)).isEqualTo(slips);
  }

  @Test
  void findsTheNearestOrNone() {
    List<String> known = List.of("max_steps", "max_tokens", "seed");
    assertThat(NearestKey.to("max_step", known)).hasValue("max_steps");
    assertThat(NearestKey.to("max_toknes", known)).hasValue("max_tokens");
    assertThat(NearestKey.to("gpus", known)).isEmpty();
  }
}
