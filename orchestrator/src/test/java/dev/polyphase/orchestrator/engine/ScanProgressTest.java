package dev.polyphase.orchestrator.engine;

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
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class ScanProgressTest {

  /** A millionth of a second a product; the tied head costs nothing and counts as no matrix. */
  @Test
  void timeLeftFollowsTheWork() throws IOException {
    assertThat(shownOf(Display::plain))
        .isEqualTo(
            """
            scanned 1/2 matrices, 0.0 of 4.0 MB, 3:20 left
            scanned 2/2 matrices, 4.0 of 4.0 MB
            """);
  }

  @Test
  void aTerminalShowsABarInOneLine() throws IOException {
    assertThat(shownOf(out -> Display.terminal(out, 80)))
        .isEqualTo(
            "\r\u001b[K[                        ] 1/2 matrices, 0.0 of 4.0 MB, 3:20 left"
                + "\r\u001b[Kscanned 2/2 matrices, 4.0 of 4.0 MB\n");
    assertThat(shownOf(out -> Display.terminal(out, 30)))
        .startsWith("\r\u001b[K[                        ] 1/\r");
  }

  private static String shownOf(Function<PrintWriter, Display> displays) throws IOException {
    ScanTargets targets =
        new ScanTargets(
            List.of(
                target("small", tensor("small.weight", 100, 100)),
                target("wide", tensor("wide.weight", 200, 5000)),
                target("tied", tensor("wide.weight", 200, 5000))));
    StringWriter shown = new StringWriter();
    AtomicLong nanos = new AtomicLong();
    Display display = displays.apply(new PrintWriter(shown));
    ScanProgress progress = new ScanProgress(targets, display, nanos::get);

    Rescanner.scan(
        targets,
        new Measure(Profile.SPECTRUM, Metric.SNR),
        tensor -> {
          long shorter = Math.min(tensor.shape().get(0), tensor.shape().get(1));
          nanos.addAndGet(tensor.elements() * shorter * 1000);
          return new float[] {1};
        },
        progress);
    return shown.toString();
  }

  private static ScanTarget target(String module, TensorInfo tensor) {
    return new ScanTarget(new ModuleName(module), "type", tensor, tensor.elements());
  }

  private static TensorInfo tensor(String name, long rows, long columns) {
    return new TensorInfo(
        name, ElementType.F32, List.of(rows, columns), Path.of("none"), 0, 4 * rows * columns);
  }
}
