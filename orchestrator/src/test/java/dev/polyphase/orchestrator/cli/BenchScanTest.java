package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The benchmark on shapes so small that its times mean nothing. */
class BenchScanTest {

  @Test
  void printsItsFiguresAsOneObject() {
    Polyphase.Ended ended =
        Polyphase.execute("bench", "scan", "--like", "tiny", "--layers", "4", "--device", "cpu");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results()).hasLineCount(1);
    JsonNode figures = Polyphase.parse(ended.results());
    List<String> keys = new ArrayList<>();
    figures.fieldNames().forEachRemaining(keys::add);
    assertThat(keys)
        .containsExactly(
            "full_seconds",
            "reference_seconds",
            "full_ratio",
            "rescan_seconds",
            "rescan_ratio",
            "max_relative_difference",
            "same_selection",
            "peak_bytes",
            "reference_peak_bytes",
            "model_bytes");
    double reference = figures.path("reference_seconds").doubleValue();
    assertThat(reference).isPositive();
    assertThat(figures.path("full_ratio").doubleValue())
        .isEqualTo(figures.path("full_seconds").doubleValue() / reference);
    assertThat(figures.path("rescan_ratio").doubleValue())
        .isEqualTo(figures.path("rescan_seconds").doubleValue() / reference);
    assertThat(figures.path("max_relative_difference").doubleValue()).isBetween(0.0, 1e-3);
    assertThat(figures.path("same_selection").isBoolean()).isTrue();
    assertThat(figures.path("same_selection").booleanValue()).isTrue();
    // bfloat16: q and o, k and v, and the MLP's three.
    assertThat(figures.path("model_bytes").longValue())
        .isEqualTo(4 * 2L * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32));
    // A JVM with libtorch takes more than 50 MB; other systems than Linux do not tell.
    assertThat(List.of(figures.path("peak_bytes"), figures.path("reference_peak_bytes")))
        .allMatch(bytes -> bytes.isNull() || bytes.longValue() > 50_000_000);
    assertThat(ended.messages()).contains("after 3 of 3 rounds: ");
  }

  @Test
  void unknownModelsAreNamed() {
    Polyphase.Ended ended = Polyphase.execute("bench", "scan", "--like", "gpt");

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains("--like is 'gpt'", "qwen2.5-0.5b").hasLineCount(1);
  }
}
