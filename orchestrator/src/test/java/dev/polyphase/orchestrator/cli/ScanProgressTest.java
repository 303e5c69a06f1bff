package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.rescanner.Measure;
import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.ScanTarget;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.weights.ElementType;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ScanProgressTest {

  /** The clock stands at one second a million products; the tied head costs nothing. */
  @Test
  void timeLeftFollowsTheWork() throws IOException {
    ScanTargets targets =
        new ScanTargets(
            List.of(
                target("small", tensor("small.weight", 100, 100)),
                target("wide", tensor("wide.weight", 200, 5000)),
                target("tied", tensor("wide.weight", 200, 5000))));
    List<String> lines = new ArrayList<>();
    AtomicLong nanos = new AtomicLong();
    ScanProgress progress = new ScanProgress(targets, lines::add, nanos::get);

    Rescanner.scan(
        targets,
        new Measure(Profile.SPECTRUM, Metric.SNR),
        tensor -> {
          long shorter = Math.min(tensor.shape().get(0), tensor.shape().get(1));
          nanos.addAndGet(tensor.elements() * shorter * 1000);
          return new float[] {1};
        },
        progress);

    assertThat(lines)
        .containsExactly(
            "scanned 1/3 modules, 0.0 of 4.0 MB, 3:20 left: small",
            "scanned 2/3 modules, 4.0 of 4.0 MB, 0:00 left: wide",
            "scanned 3/3 modules, 4.0 of 4.0 MB, 0:00 left: tied");
  }

  private static ScanTarget target(String module, TensorInfo tensor) {
    return new ScanTarget(new ModuleName(module), "type", tensor, tensor.elements());
  }

  private static TensorInfo tensor(String name, long rows, long columns) {
    return new TensorInfo(
        name, ElementType.F32, List.of(rows, columns), Path.of("none"), 0, 4 * rows * columns);
  }
}
