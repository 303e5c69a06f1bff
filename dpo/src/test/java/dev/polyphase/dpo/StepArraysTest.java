package dev.polyphase.dpo;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.kernels.Libtorch;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.training.RecordingListener;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No step leaves an array behind, and no phase does. */
class StepArraysTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "dpo; {loss_type: [aot, sft]}",
        "dpo; {reference: shared, use_weighting: true, prefix_sharing: true}",
        "dpo; {reference: tiny-qwen2}",
        "kto; {}",
        "kto; {reference: shared}",
        "orpo; {}"
      })
  void thereAreAsManyAfterEachStep(String type, String settings) throws IOException {
    DpoRun run = new DpoRun(folder, Fixture.LLAMA.copyTo(folder));
    Fixture.QWEN2.copyTo(folder);
    run = type.equals("kto") ? run.withJudged(12) : run.withPairs(12);
    List<Long> counts = new ArrayList<>();
    RecordingListener counting =
        new RecordingListener() {
          @Override
          public void metrics(MetricsRow row) {
            counts.add(arrays());
          }
        };
    long before = arrays();
    run.train(
        "result",
        counting,
        Optional.empty(),
        Stream.of("type=" + type, type + "=" + settings, "max_steps=5", "eval_steps=1")
            .map(part -> "phases.one." + part)
            .toArray(String[]::new));

    assertThat(arrays()).isEqualTo(before);
    // The optimiser's moments come with the first step, after the evaluation before it.
    assertThat(counts).hasSize(5 + 6);
    assertThat(counts.subList(2, counts.size())).containsOnly(counts.get(1));
    assertThat(counts.get(0)).isGreaterThan(before);
  }

  /** All that this process holds. */
  private static long arrays() {
    try (NDManager any = Libtorch.newManager("cpu")) {
      return arrays(any.getParentManager());
    }
  }

  private static long arrays(NDManager manager) {
    try {
      Field field = BaseNDManager.class.getDeclaredField("resources");
      field.setAccessible(true);
      long count = 0;
      for (Object resource : ((Map<?, ?>) field.get(manager)).values()) {
        count +=
            resource instanceof NDManager below
                ? arrays(below)
                : resource instanceof NDArray ? 1 : 0;
      }
      return count;
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
  }
}
