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
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
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

  /**
   * A matrix of the MLP of a model of 72B takes a minute and more: far from a tenth of the scan.
   */
  @Test
  void aLongScanSaysAtOnceHowMuchItIsAndSpeaksEachMinute() throws IOException {
    assertThat(shownOfLarge(25))
        .isEqualTo(
            """
            scanning 30 matrices, 29066.5 MB
            scanned 3/30 matrices, 2906.7 of 29066.5 MB, 11:15 left
            scanned 6/30 matrices, 5813.3 of 29066.5 MB, 10:00 left
            """);
    assertThat(shownOfLarge(70))
        .startsWith(
            """
            scanning 30 matrices, 29066.5 MB
            scanned 1/30 matrices, 968.9 of 29066.5 MB, 33:50 left
            scanned 2/30 matrices, 1937.8 of 29066.5 MB, 32:40 left
            """);
  }

  private static String shownOfLarge(int secondsEach) throws IOException {
    List<ScanTarget> targets =
        IntStream.range(0, 30)
            .mapToObj(i -> target("m" + i, tensor("m" + i + ".weight", 29568, 8192)))
            .toList();
    StringWriter shown = new StringWriter();
    AtomicLong nanos = new AtomicLong();
    ScanTargets scanned = new ScanTargets(targets);
    ScanProgress progress =
        new ScanProgress(scanned, Display.plain(new PrintWriter(shown)), nanos::get);
    Rescanner.scan(
        scanned,
        new Measure(Profile.SPECTRUM, Metric.SNR),
        tensor -> {
          nanos.addAndGet(TimeUnit.SECONDS.toNanos(secondsEach));
          return new float[] {1};
        },
        progress);
    return shown.toString().lines().limit(3).collect(Collectors.joining("\n", "", "\n"));
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
