package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The quickstart's first phase in both dtypes, on some of its rows. */
class Bfloat16Test {
  private static final Path QUICKSTART =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines/quickstart");
  private static final int STEPS = 30;

  @TempDir Path folder;

  @Test
  void withFloat32MastersItConvergesAsFloat32Does() throws IOException {
    double[] exact = losses("float32");
    double[] rounded = losses("bfloat16");

    assertThat(exact).hasSize(STEPS);
    // It learns: from 5.4 to 2.2.
    assertThat(mean(exact)).isLessThan(exact[0] / 2);
    assertThat(rounded[0]).isCloseTo(exact[0], within(0.01 * exact[0]));
    assertThat(mean(rounded)).isCloseTo(mean(exact), within(0.03 * mean(exact)));
    assertThat(rounded).isNotEqualTo(exact);
  }

  /** Each step's loss. */
  private double[] losses(String dtype) throws IOException {
    Path pipeline = folder.resolve(dtype + ".yaml");
    Files.writeString(
        pipeline,
        """
        name: %1$s
        base_model: %2$s
        device: cpu
        dtype: %1$s
        phases:
          - name: foundation
            type: sft
            targeting: {top_percent: 25}
            datasets: [{path: %3$s}]
            sequence_len: 256
            micro_batch_size: 4
            max_steps: %4$d
            warmup_steps: 2
            learning_rate: 5.0e-3
        """
            .formatted(
                dtype, QUICKSTART.resolve("base"), QUICKSTART.resolve("data/sft-1.jsonl"), STEPS));
    Polyphase.Ended ended =
        Polyphase.execute(
            "run", pipeline.toString(), "--output", folder.resolve("runs").toString());
    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    Path metrics = folder.resolve("runs/" + dtype + "/phase-01-foundation/metrics.jsonl");
    List<JsonNode> rows = Files.readAllLines(metrics).stream().map(Polyphase::parse).toList();
    return rows.stream().mapToDouble(row -> row.path("loss").doubleValue()).toArray();
  }

  /** Of the last ten steps. */
  private static double mean(double[] losses) {
    double sum = 0;
    for (int step = STEPS - 10; step < STEPS; step++) {
      sum += losses[step];
    }
    return sum / 10;
  }
}
