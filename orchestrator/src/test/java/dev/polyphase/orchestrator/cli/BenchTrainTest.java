package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The benchmark of training as a command, on a model so small that its times mean nothing. Each
 * case starts a process that measures its memory, so that this is done once.
 */
class BenchTrainTest {
  @TempDir Path folder;

  @Test
  void printsItsFiguresAsOneObject() {
    String command =
        "bench train --like tiny --seq 16 --rounds 1 --device cpu --dtype bfloat16 --python /none";

    Polyphase.Ended ended = Polyphase.execute(command.split(" ", -1));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(ended.results()).hasLineCount(1);
    JsonNode figures = Polyphase.parse(ended.results());
    assertThat(names(figures))
        .containsExactly(
            "shape",
            "device",
            "dtype",
            "passes",
            "recompute",
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
          .startsWith(
              "seconds",
              "ratio_to_floor",
              "tokens_per_second",
              "flops_per_step",
              "tflops",
              "memory_bytes");
      double seconds = found.path("seconds").doubleValue();
      assertThat(found.path("ratio_to_floor").doubleValue())
          .isCloseTo(seconds / floor, within(1e-9));
      assertThat(found.path("tokens_per_second").doubleValue())
          .isCloseTo(16 / seconds, within(1e-6 / seconds));
      assertThat(found.path("tflops").doubleValue())
          .isCloseTo(found.path("flops_per_step").doubleValue() / seconds / 1e12, within(1e-9));
      assertThat(found.path("memory_bytes").longValue()).isPositive();
    }
    // Two of the eight layers of each of the seven types.
    assertThat(figures.path("spectrum_25_modules")).hasSize(14);
    assertThat(figures.path("spectrum_25_modules").path(0).textValue())
        .startsWith("model.layers." + figures.path("lowest_trained_block").intValue() + ".");
  }

  @Test
  void measuresWhatItIsAskedForAndKeepsTheWeights() throws IOException {
    Path weights = folder.resolve("weights");
    String command =
        "bench train --like tiny --layers 2 --seq 8 --rounds 1 --device cpu,cpu --batch 4 --passes"
            + " 2 --no-memory --recompute --cases spectrum_25 --weights "
            + weights;

    Polyphase.Ended ended = Polyphase.execute(command.split(" ", -1));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    JsonNode figures = Polyphase.parse(ended.results());
    assertThat(figures.path("recompute").booleanValue()).isTrue();
    assertThat(names(figures.path("cases"))).containsExactly("spectrum_25");
    JsonNode found = figures.path("cases").path("spectrum_25");
    assertThat(names(found))
        .containsExactly(
            "seconds", "tokens_per_second", "flops_per_step", "tflops", "memory_bytes", "loss");
    assertThat(found.path("memory_bytes").isNull()).isTrue();
    assertThat(weights.resolve("model.safetensors")).exists();
    FileTime written = Files.getLastModifiedTime(weights.resolve("model.safetensors"));

    Polyphase.Ended again = Polyphase.execute(command.split(" ", -1));

    assertThat(Polyphase.parse(again.results()).path("cases").path("spectrum_25").path("loss"))
        .isEqualTo(found.path("loss"));
    assertThat(Files.getLastModifiedTime(weights.resolve("model.safetensors"))).isEqualTo(written);
    Polyphase.Ended other =
        Polyphase.execute(command.replace("--layers 2", "--layers 3").split(" ", -1));
    assertThat(other.exitCode()).isEqualTo(2);
    assertThat(other.messages()).contains("are of another shape or dtype").hasLineCount(1);
  }

  /** The same figures are there of transformers, and what one is of the other. */
  @Test
  void transformersStandBesideOurs() {
    String python = System.getenv("POLYPHASE_TEST_TRL");
    assumeTrue(python != null, "POLYPHASE_TEST_TRL names no Python with torch and transformers");
    String command =
        "bench train --like tiny --seq 16 --rounds 1 --device cpu --python %s".formatted(python)
            + " --cases full,spectrum_25,transformers,transformers_spectrum_25";

    Polyphase.Ended ended = Polyphase.execute(command.split(" ", -1));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    JsonNode figures = Polyphase.parse(ended.results());
    assertThat(names(figures.path("transformers")))
        .containsExactly("python", "torch", "transformers");
    JsonNode cases = figures.path("cases");
    assertThat(names(cases))
        .containsExactly("full", "spectrum_25", "transformers", "transformers_spectrum_25");
    for (String selected : new String[] {"", "_spectrum_25"}) {
      JsonNode ours = cases.path(selected.isEmpty() ? "full" : "spectrum_25");
      JsonNode theirs = cases.path("transformers" + selected);
      assertThat(theirs.path("loss").doubleValue())
          .isCloseTo(ours.path("loss").doubleValue(), within(1e-4));
      assertThat(theirs.path("flops_per_step")).isEqualTo(ours.path("flops_per_step"));
      assertThat(theirs.path("memory_bytes").longValue()).isPositive();
    }
    JsonNode ratios = figures.path("tokens_per_second_ratios");
    assertThat(names(ratios))
        .containsExactly("full_over_transformers", "spectrum_25_over_transformers_spectrum_25");
    assertThat(ratios.path("full_over_transformers").doubleValue())
        .isCloseTo(
            cases.path("transformers").path("seconds").doubleValue()
                / cases.path("full").path("seconds").doubleValue(),
            within(1e-9));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--like gpt | --like is 'gpt'; the shapes known are small, tiny, qwen2.5-0.5b",
        "--seq 1 | --seq is 1; a row of one token has no next one to learn",
        "--batch 4 --passes 3 | --passes is 3, which does not divide the 4 rows of --batch",
        "--cases full,half | --cases has 'half'; the cases are floor, full, spectrum_50",
      })
  void wrongOptionsAreNamed(String options, String sentence) {
    Polyphase.Ended ended = Polyphase.execute(("bench train " + options).split(" ", -1));

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains(sentence).hasLineCount(1);
  }

  private static List<String> names(JsonNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }
}
