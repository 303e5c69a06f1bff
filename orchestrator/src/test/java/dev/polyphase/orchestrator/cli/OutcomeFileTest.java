package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.orchestrator.engine.NoRoomException;
import dev.polyphase.orchestrator.engine.RunFailedException;
import dev.polyphase.orchestrator.queue.ChildOutcome.Cause;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunHeldException;
import dev.polyphase.orchestrator.store.RunLock;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the process of a queued run says of its end, and by that whether it is tried again. */
class OutcomeFileTest {
  @TempDir Path folder = Path.of("");

  @Test
  void tellsCausesApartByTheirTypes() {
    IOException full =
        FileFailure.writing(Path.of("model"), new IOException("No space left on device"));
    assertThat(OutcomeFile.cause(new InputException("wrong"))).isEqualTo(Cause.INPUT);
    assertThat(OutcomeFile.cause(new RunHeldException("held"))).isEqualTo(Cause.BUSY);
    assertThat(OutcomeFile.cause(new NoRoomException("full"))).isEqualTo(Cause.DISK);
    assertThat(OutcomeFile.cause(full)).isEqualTo(Cause.DISK);
    assertThat(OutcomeFile.cause(failed(full))).isEqualTo(Cause.DISK);
    assertThat(OutcomeFile.cause(failed(new OutOfMemoryException(new IllegalStateException()))))
        .isEqualTo(Cause.MEMORY);
    assertThat(OutcomeFile.cause(new OutOfMemoryError("heap"))).isEqualTo(Cause.MEMORY);
    assertThat(OutcomeFile.cause(failed(new IllegalStateException()))).isEqualTo(Cause.FAILED);
    // What changed under a run that had begun: it is no different the next time.
    assertThat(OutcomeFile.cause(failed(new InputException("changed"))).canPass()).isFalse();
    assertThat(List.of(Cause.values()).stream().filter(Cause::canPass))
        .containsExactly(Cause.BUSY, Cause.DEVICE, Cause.DISK, Cause.KILLED);
  }

  private static RunFailedException failed(Throwable cause) {
    return new RunFailedException("it failed", new TrainingFailedException("training", cause));
  }

  private JsonNode outcome(String... more) throws IOException {
    Path file = folder.resolve("outcome.json");
    Files.deleteIfExists(file);
    Path elsewhere = Files.createDirectories(folder.resolve("elsewhere"));
    Path pipeline =
        Files.writeString(
            elsewhere.resolve("pipeline.yaml"),
            """
            name: told
            base_model: tiny-llama
            device: cpu
            phases:
              - name: only
                type: sft
                targeting: {method: full}
                datasets: [{path: text.jsonl}]
                sequence_len: 32
                max_steps: 2
                learning_rate: 1e-3
            """);
    String[] arguments = {
      "run",
      pipeline.toString(),
      "--relative-to",
      folder.toString(),
      "--output",
      folder.resolve("runs").toString(),
      "--outcome",
      file.toString()
    };
    Polyphase.Ended ended =
        Polyphase.execute(
            Map.of("POLYPHASE_HOME", folder.resolve("home").toString()),
            Stream.of(arguments, more).flatMap(Arrays::stream).toArray(String[]::new));
    JsonNode outcome = Polyphase.json(file);
    assertThat(outcome.path("exit").intValue()).as(ended.messages()).isEqualTo(ended.exitCode());
    return outcome;
  }

  @Test
  void isWrittenByARunThatWasAskedForIt() throws IOException {
    Fixture.LLAMA.copyTo(folder);
    JsonNode wrong = outcome();
    assertThat(wrong.path("cause").asText()).isEqualTo("input");
    assertThat(wrong.path("message").asText()).contains("text.jsonl", folder.toString());
    assertThat(folder.resolve("home/runs")).doesNotExist();

    Files.writeString(folder.resolve("text.jsonl"), "{\"text\": \"The moon pulls the sea.\"}\n");
    assertThat(outcome().path("cause").asText()).isEqualTo("done");
    assertThat(outcome().path("cause").asText()).as("already finished").isEqualTo("done");

    RunLock lock = RunLock.take(new RunFolder(folder.resolve("runs/told")));
    try (lock) {
      JsonNode busy = outcome();
      assertThat(busy.path("cause").asText()).isEqualTo("busy");
      assertThat(busy.path("exit").intValue()).isEqualTo(2);
    }
    assertThat(outcome("--set", "phases[0].lerning_rate=1").path("cause").asText())
        .isEqualTo("input");
  }
}
