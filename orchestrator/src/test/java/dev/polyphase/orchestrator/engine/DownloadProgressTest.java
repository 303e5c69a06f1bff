package dev.polyphase.orchestrator.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class DownloadProgressTest {
  private static final long MEBIBYTE = 1 << 20;

  /** Two MiB a second, and half of it was there. */
  private static String shownOf(Function<PrintWriter, Display> displays) {
    StringWriter shown = new StringWriter();
    AtomicLong nanos = new AtomicLong();
    DownloadProgress progress =
        new DownloadProgress(displays.apply(new PrintWriter(shown)), nanos::get);
    progress.begins("model o/n", "huggingface.co", 3, 96 * MEBIBYTE, 48 * MEBIBYTE);
    for (int i = 0; i < 24; i++) {
      nanos.addAndGet(1_000_000_000L);
      progress.received(2 * MEBIBYTE);
    }
    progress.ends();
    return shown.toString();
  }

  @Test
  void withoutATerminalThereIsALineInTenSeconds() {
    assertThat(shownOf(Display::plain))
        .isEqualTo(
            """
            downloading the model o/n from huggingface.co: 3 files, 96.0 MiB, of which 48.0 MiB are there
            downloading the model o/n: 68.0 MiB of 96.0 MiB, 0:14 left
            downloading the model o/n: 88.0 MiB of 96.0 MiB, 0:04 left
            """);
  }

  @Test
  void aTerminalsLastLineIsRewrittenAndTakenAway() {
    assertThat(shownOf(out -> Display.terminal(out, 80)))
        .contains("there\n\r\u001b[Kdownloading model o/n: 50.0 MiB of 96.0 MiB, 0:23 left\r")
        .endsWith("\r\u001b[Kdownloading model o/n: 96.0 MiB of 96.0 MiB, 0:00 left\r\u001b[K");
    assertThat(shownOf(out -> Display.terminal(out, 50)))
        .contains("\r\u001b[Kdownloading mod…: 50.0 MiB of 96.0 MiB, 0:23 left\r");
  }

  @Test
  void whatIsThrownAwayIsNotThere() {
    StringWriter shown = new StringWriter();
    AtomicLong nanos = new AtomicLong();
    DownloadProgress progress =
        new DownloadProgress(Display.plain(new PrintWriter(shown)), nanos::get);
    progress.begins("model o/n", "huggingface.co", 1, 10 * MEBIBYTE, 0);
    nanos.addAndGet(11_000_000_000L);
    progress.received(8 * MEBIBYTE);
    nanos.addAndGet(11_000_000_000L);
    progress.received(-8 * MEBIBYTE);

    assertThat(shown.toString())
        .startsWith("downloading the model o/n from huggingface.co: 1 file, 10.0 MiB\n")
        .endsWith("\ndownloading the model o/n: 0.0 MiB of 10.0 MiB\n");
  }
}
