package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The benchmark of training on a model so small that its times mean nothing. */
class BenchTrainTest {

  @ParameterizedTest
  @ValueSource(strings = {"float32", "bfloat16"})
  void printsItsFiguresAsOneObject(String dtype) {
    String options = "--like tiny --seq 16 --rounds 2 --device cpu --dtype " + dtype;
    List<String> command = new ArrayList<>(List.of("bench", "train"));
    command.addAll(List.of(options.split(" ", -1)));

    Polyphase.Ended ended = Polyphase.execute(command.toArray(String[]::new));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results()).hasLineCount(1);
    JsonNode figures = Polyphase.parse(ended.results());
    assertThat(figures.path("device").textValue()).isEqualTo("cpu");
    assertThat(figures.path("dtype").textValue()).isEqualTo(dtype);
    double floor = figures.path("floor_seconds").doubleValue();
    assertThat(floor).isPositive();
    JsonNode cases = figures.path("cases");
    assertThat(names(cases))
        .contains("full", "spectrum_50", "spectrum_25", "spectrum_25_frozen_ends", "djl_blocks");
    for (JsonNode found : cases) {
      assertThat(names(found))
          .containsExactly("seconds", "ratio_to_floor", "tokens_per_second", "memory_bytes");
      double seconds = found.path("seconds").doubleValue();
      assertThat(seconds).isPositive();
      assertThat(found.path("ratio_to_floor").doubleValue())
          .isCloseTo(seconds / floor, within(1e-9));
      assertThat(found.path("tokens_per_second").doubleValue())
          .isCloseTo(16 / seconds, within(1e-6 / seconds));
      assertThat(found.path("memory_bytes").isNumber()).isTrue();
    }
    // Two of the eight layers of each of the seven types.
    assertThat(figures.path("spectrum_25_modules")).hasSize(14);
    int lowest = 8;
    for (JsonNode module : figures.path("spectrum_25_modules")) {
      lowest = Math.min(lowest, Integer.parseInt(module.textValue().split("\\.", -1)[2]));
    }
    assertThat(figures.path("lowest_trained_block").intValue()).isEqualTo(lowest);
  }

  @Test
  void wrongOptionsAreNamed() {
    Polyphase.Ended ended = Polyphase.execute("bench", "train", "--like", "gpt");

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains("--like is 'gpt'", "qwen2.5-0.5b").hasLineCount(1);
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
