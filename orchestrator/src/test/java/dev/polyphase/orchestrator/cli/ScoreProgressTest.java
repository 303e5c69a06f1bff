package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.engine.Display;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class ScoreProgressTest {
  private final StringWriter shown = new StringWriter();
  private final AtomicLong nanos = new AtomicLong();

  @Test
  void aLongRowIsSaidEachTenSecondsAndAShortOneNot() {
    Display display = Display.plain(new PrintWriter(shown));
    try (ScoreProgress progress = new ScoreProgress(display, "reading rows.jsonl", nanos::get)) {
      lookAt(progress, 9);
      progress.scoring(1, 2, 1_000_000);
      lookAt(progress, 9.9);
      assertThat(shown.toString()).isEmpty();
      lookAt(progress, 10);
      lookAt(progress, 19);
      lookAt(progress, 21);
      progress.scoring(2, 2, 3);
      lookAt(progress, 25);
    }
    assertThat(shown.toString())
        .isEqualTo(
            """
            scoring row 1 of 2, 1,000,000 tokens
            scoring row 1 of 2, 1,000,000 tokens
            """);
  }

  @Test
  void aTerminalShowsItInOneLineThatGoes() {
    Display display = Display.terminal(new PrintWriter(shown), 20);
    try (ScoreProgress progress = new ScoreProgress(display, "reading rows.jsonl", nanos::get)) {
      lookAt(progress, 1);
      progress.scoring(1, 2, 1_000_000);
      lookAt(progress, 1.5);
      lookAt(progress, 2);
    }
    assertThat(shown.toString())
        .isEqualTo("\r\u001b[Kreading rows.jsonl\r\u001b[Kscoring row 1 of 2,\r\u001b[K");
  }

  private void lookAt(ScoreProgress progress, double seconds) {
    nanos.set((long) (seconds * TimeUnit.SECONDS.toNanos(1)));
    progress.look();
  }
}
