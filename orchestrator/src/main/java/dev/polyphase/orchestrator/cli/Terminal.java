package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import java.io.PrintWriter;
import java.util.Map;

/** What standard error goes to. */
final class Terminal {
  /**
   * The width of the terminal that standard error is, set by the launcher and only then. Java can't
   * tell: its console is about standard input and output, and newer ones have it without a
   * terminal.
   */
  private static final String COLUMNS = "POLYPHASE_TERMINAL_COLUMNS";

  private static final int USUAL_COLUMNS = 80;

  private Terminal() {}

  /** A display whose last line is rewritten where that can be seen, else plain lines. */
  static Display display(PrintWriter messages, Map<String, String> environment) {
    String columns = environment.getOrDefault(COLUMNS, "");
    boolean seen =
        !columns.isEmpty()
            && !environment.getOrDefault("TERM", "dumb").equals("dumb")
            && environment.getOrDefault("CI", "").isEmpty();
    return seen ? Display.terminal(messages, width(columns)) : Display.plain(messages);
  }

  private static int width(String columns) {
    int width = columns.matches("\\d{1,4}") ? Integer.parseInt(columns) : 0;
    return width == 0 ? USUAL_COLUMNS : width;
  }
}
