package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The recipe for a new model: its configuration and tokenizer make one that can be trained. */
class FromNothingTest {
  private static final Path RECIPE =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines/recipes/from-nothing.yaml");

  @TempDir Path folder;

  @Test
  void trainsAStep() throws IOException {
    Path rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"text\": \"Grüße\"}\n");
    Path heldOut = Files.writeString(folder.resolve("held-out.jsonl"), "{\"text\": \"Größe\"}\n");

    Polyphase.Ended ended =
        Polyphase.execute(
            "run",
            RECIPE.toString(),
            "--output",
            folder.toString(),
            "--set",
            "phases.text.datasets=[{path: %s}]".formatted(rows),
            "--set",
            "phases.text.eval_datasets=[{path: %s}]".formatted(heldOut),
            "--set",
            "phases.text.max_steps=1");

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    assertThat(Polyphase.steps(folder.resolve("from-nothing/phase-01-text/metrics.jsonl")))
        .singleElement()
        // "Grüße" is seven bytes, and the end-of-sequence token follows.
        .satisfies(step -> assertThat(step.path("num_tokens").asInt()).isEqualTo(8));
  }
}
