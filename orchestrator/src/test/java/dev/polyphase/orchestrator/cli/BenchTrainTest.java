package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The benchmark of training as a command, on a model so small that its times mean nothing. Each
 * case starts a process that measures its memory, so that this is done once.
 */
class BenchTrainTest {

  @Test
  void printsItsFiguresAsOneObject() {
    String command = "bench train --like tiny --seq 16 --rounds 1 --device cpu --dtype bfloat16";

    Polyphase.Ended ended = Polyphase.execute(command.split(" ", -1));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results()).hasLineCount(1);
    JsonNode figures = Polyphase.parse(ended.results());
    assertThat(names(figures))
        .containsExactly(
            "shape",
            "device",
            "dtype",
            "spectrum_25_modules",
            "lowest_trained_block",
            "floor_seconds",
            "cases");
    assertThat(figures.path("device").textValue()).isEqualTo("cpu");
    assertThat(figures.path("dtype").textValue()).isEqualTo("bfloat16");
    double floor = figures.path("floor_seconds").doubleValue();
    JsonNode cases = figures.path("cases");
    assertThat(names(cases))
        .containsExactly(
            "full", "spectrum_50", "spectrum_25", "spectrum_25_frozen_ends", "lora", "djl_blocks");
    for (JsonNode found : cases) {
      assertThat(names(found))
          .containsExactly("seconds", "ratio_to_floor", "tokens_per_second", "memory_bytes");
      double seconds = found.path("seconds").doubleValue();
      assertThat(found.path("ratio_to_floor").doubleValue())
          .isCloseTo(seconds / floor, within(1e-9));
      assertThat(found.path("tokens_per_second").doubleValue())
          .isCloseTo(16 / seconds, within(1e-6 / seconds));
      assertThat(found.path("memory_bytes").longValue()).isPositive();
    }
    // Two of the eight layers of each of the seven types.
    assertThat(figures.path("spectrum_25_modules")).hasSize(14);
    assertThat(figures.path("spectrum_25_modules").path(0).textValue())
        .startsWith("model.layers." + figures.path("lowest_trained_block").intValue() + ".");
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
