package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The benchmark of steps on pairs as a command, on a model so small that its times mean nothing.
 * Each case starts a process that measures its memory, so that this is done once.
 */
class BenchDpoTest {

  @Test
  void printsItsFiguresAsOneObject() {
    String command = "bench dpo --like tiny --seq 16 --rounds 1 --device cpu --dtype bfloat16";

    Polyphase.Ended ended = Polyphase.execute(command.split(" ", -1));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results()).hasLineCount(1);
    JsonNode figures = Polyphase.parse(ended.results());
    assertThat(names(figures))
        .containsExactly("shape", "device", "dtype", "trained_bytes", "cases");
    assertThat(figures.path("shape").path("sequence").intValue()).isEqualTo(16);
    // bfloat16: of each type two of eight layers; q and o, k and v, and the MLP's three.
    assertThat(figures.path("trained_bytes").longValue())
        .isEqualTo(2 * 2L * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32));
    JsonNode cases = figures.path("cases");
    assertThat(names(cases))
        .containsExactly("sft", "precomputed", "shared", "separate", "prefix_sharing", "packed");
    for (JsonNode found : cases) {
      assertThat(names(found)).startsWith("seconds", "memory_bytes");
      assertThat(found.path("seconds").doubleValue()).isPositive();
      // Other systems than Linux do not tell.
      JsonNode bytes = found.path("memory_bytes");
      assertThat(bytes.isNull() || bytes.longValue() > 0).isTrue();
    }
    assertThat(names(cases.path("sft"))).hasSize(2);
    assertThat(cases.path("precomputed").path("reference_seconds").doubleValue()).isPositive();
    assertThat(cases.path("prefix_sharing").path("unshared_seconds"))
        .isEqualTo(cases.path("precomputed").path("seconds"));
    assertThat(cases.path("packed").path("padded_seconds").doubleValue()).isPositive();
    assertThat(ended.messages()).contains("round 1 of 1: sft ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--like gpt | --like is 'gpt'",
        "--seq 15 | --seq is 15; rows of pairs need 16 tokens at least",
        "--rounds 0 | --rounds is 0; give a whole number from 1 to 10000",
      })
  void wrongOptionsAreNamed(String option, String sentence) {
    Polyphase.Ended ended = Polyphase.execute(("bench dpo " + option).split(" ", -1));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains(sentence).hasLineCount(1);
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
