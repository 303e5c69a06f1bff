package dev.polyphase.rescanner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class WorkingMemoryTest {

  /** The shapes of models of 0.5 to 70 billion parameters. */
  @ParameterizedTest
  @CsvSource({
    "896, 896, 896, 896, true",
    "4864, 896, 896, 4864, true",
    "18944, 3584, 18944, 3584, true",
    "28672, 8192, 28672, 8192, true",
    "1280, 1024, 1280, 1024, false",
    // svdvals take their turn, and no memory before.
    "4864, 896, 4096, 4096, true",
    "4096, 4096, 4096, 4096, true",
    "4096, 4096, 4096, 1024, true",
    "8192, 4096, 8192, 4096, false"
  })
  void beginsWhereBothFit(long rows, long columns, long nextRows, long nextColumns, boolean fits) {
    assertThat(WorkingMemory.holdsBoth(bfloat16(rows, columns), bfloat16(nextRows, nextColumns)))
        .isEqualTo(fits);
  }

  private static TensorInfo bfloat16(long rows, long columns) {
    return new TensorInfo(
        "a", ElementType.BF16, List.of(rows, columns), Path.of("none"), 0, 2 * rows * columns);
  }
}
