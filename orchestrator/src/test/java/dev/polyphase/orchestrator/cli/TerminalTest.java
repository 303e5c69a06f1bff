package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.Progress;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TerminalTest {

  /** The launcher gives the columns where standard error is a terminal, and else nothing. */
  @ParameterizedTest
  @CsvSource({
    "80, xterm, '', true",
    "0, xterm, '', true",
    "wide, xterm, '', true",
    "'', xterm, '', false",
    "80, dumb, '', false",
    "80, '', '', false",
    "80, xterm, true, false"
  })
  void linesAreRewrittenWhereThatIsSeen(String columns, String term, String ci, boolean rewritten) {
    Map<String, String> environment =
        term.isEmpty()
            ? Map.of("POLYPHASE_TERMINAL_COLUMNS", columns)
            : Map.of("POLYPHASE_TERMINAL_COLUMNS", columns, "TERM", term, "CI", ci);
    StringWriter shown = new StringWriter();
    Display display = Terminal.display(new PrintWriter(shown), environment);

    Progress.shownOn(display, "run").say("hello");

    assertThat(display.rewrites()).isEqualTo(rewritten);
    assertThat(shown).hasToString("hello\n");
  }
}
