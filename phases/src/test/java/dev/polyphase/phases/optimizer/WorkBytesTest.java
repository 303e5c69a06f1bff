package dev.polyphase.phases.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.polyphase.phases.model.Parameter;
import dev.polyphase.pipelines.Optimizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What updates take for a moment: as it is measured, and on a GPU by hand. */
class WorkBytesTest {
  private static final String MATRIX = "model.layers.0.mlp.up_proj.weight";
  private static final String EMBEDDING = "model.embed_tokens.weight";

  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @CsvSource({
    "ADAMW, 2048, 2048",
    "ADAMW_BF16, 2048, 2048",
    "ADAMW_8BIT, 2048, 2048",
    "ADAFACTOR, 2048, 2048",
    "LION, 2048, 2048",
    "MUON, 1024, 1024",
    "MUON, 512, 4096",
    "MUON, 4096, 512",
  })
  void isWithin15PercentOfTheMeasured(Optimizer.Name name, long rows, long columns)
      throws Exception {
    long counted = UpdateRules.workBytes(name, matrix(rows, columns), false);

    long measured = ofChild(name, rows, columns);

    // The system counts pages by the batch.
    long tolerance = counted * 15 / 100 + (1 << 19);
    assertThat(measured).isCloseTo(counted, within(tolerance));
  }

  @ParameterizedTest
  @CsvSource({
    // A matrix of 8,192 x 4,096, twice the values that are worked on at once.
    "ADAMW, 0, 0",
    "ADAMW_BF16, 12842116, 201542596",
    "ADAMW_8BIT, 12582912, 201326592",
    "ADAFACTOR, 268435456, 268435456",
    "LION, 134217728, 134217728",
    "MUON, 469762048, 268435456",
  })
  void ofALargeMatrixOnCpuAndGpu(Optimizer.Name name, long onCpu, long onGpu) {
    assertThat(UpdateRules.workBytes(name, matrix(8192, 4096), false)).isEqualTo(onCpu);
    assertThat(UpdateRules.workBytes(name, matrix(8192, 4096), true)).isEqualTo(onGpu);
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void whatAdamWUpdatesTakesNothing(boolean gpu) {
    Parameter embedding = new Parameter(EMBEDDING, List.of(1000L, 64L));
    assertThat(UpdateRules.workBytes(Optimizer.Name.MUON, embedding, gpu)).isZero();
    Parameter small = new Parameter(MATRIX, List.of(63L, 65L));
    assertThat(UpdateRules.workBytes(Optimizer.Name.ADAMW_8BIT, small, gpu)).isZero();
  }

  private static Parameter matrix(long rows, long columns) {
    return new Parameter(MATRIX, List.of(rows, columns));
  }

  private static long ofChild(Optimizer.Name name, long rows, long columns) throws Exception {
    ProcessBuilder child =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xms64m",
            "-Xmx64m",
            "-XX:+AlwaysPreTouch",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-cp",
            System.getProperty("java.class.path"),
            MeasuredUpdate.class.getName(),
            name.name(),
            MATRIX,
            String.valueOf(rows),
            String.valueOf(columns));
    // What is freed is given back at once, so that the peak is of what is alive.
    child.environment().put("MALLOC_MMAP_THRESHOLD_", "131072");
    Process process = child.redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String printed =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertThat(process.waitFor()).isZero();
    return Long.parseLong(printed);
  }
}
