package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.LoadedLibtorch;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A phase in a process that may not have the memory that it asks for. */
class OutOfMemoryTest {
  private static final int LIMIT_KIBIBYTES = 6_000_000;

  /** One product of the MLP has 4 x 2048 x 65536 values: 2 GiB. The machine itself has enough. */
  private static final int ROWS = 4;

  private static final int TOKENS = 2048;
  private static final int INTERMEDIATE = 65_536;

  @TempDir Path folder;

  @Test
  @EnabledOnOs(OS.LINUX)
  void isOneSentenceWithTheEstimateThePeakAndWhatHelps() throws IOException, InterruptedException {
    Path tokenizer = Fixture.LLAMA.copyTo(folder);
    ObjectNode config = (ObjectNode) Polyphase.json(tokenizer.resolve("config.json"));
    config.put("num_hidden_layers", 1).put("intermediate_size", INTERMEDIATE);
    Files.writeString(folder.resolve("config.json"), config.toString());
    String ids = IntStream.range(0, TOKENS).map(i -> i % 256).boxed().toList().toString();
    Files.write(
        folder.resolve("rows.jsonl"),
        Collections.nCopies(ROWS, "{\"input_ids\": %s, \"labels\": %1$s}".formatted(ids)));
    Files.writeString(
        folder.resolve("large.yaml"),
        """
        name: large
        base_model: {init: random, config: config.json, tokenizer: tiny-llama}
        device: cpu
        dtype: float32
        phases:
          - name: one
            type: sft
            targeting: {method: full}
            datasets: [{path: rows.jsonl}]
            sequence_len: %d
            micro_batch_size: %d
            gradient_checkpointing: true
            learning_rate: 1e-3
        """
            .formatted(TOKENS, ROWS));

    Process run = start();
    String messages = new String(run.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(run.waitFor()).as(messages).isEqualTo(1);
    List<String> lines = messages.lines().toList();
    String sentence = lines.get(lines.size() - 1);
    assertThat(sentence)
        .matches(
            "phase one ran out of memory on cpu: the estimate was [\\d.]+ GiB,"
                + " this process had [\\d.]+ [GM]iB at its peak; this would help most:"
                + " micro_batch_size below 4, with more gradient_accumulation_steps;"
                + " targeting.method: snr with a top_percent; sequence_len below 2048");
    assertThat(Polyphase.json(folder.resolve("runs/large/run.json")).path("message").textValue())
        .isEqualTo(sentence);
  }

  /** {@code ulimit} makes the system refuse what this machine may well have. */
  private Process start() throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            "sh",
            "-c",
            "ulimit -v " + LIMIT_KIBIBYTES + "; exec \"$@\"",
            "sh",
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:CompressedClassSpaceSize=64m",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            Main.class.getName(),
            "run",
            folder.resolve("large.yaml").toString(),
            "--output",
            folder.resolve("runs").toString());
    builder.environment().put("POLYPHASE_HOME", folder.resolve("home").toString());
    // What this process unpacked is not unpacked for each home.
    LoadedLibtorch.get();
    builder.environment().put("DJL_CACHE_DIR", LoadedLibtorch.cacheFolder().toString());
    return builder.redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
  }
}
