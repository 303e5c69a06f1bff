package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import java.io.PrintWriter;
import java.util.Map;

/** What standard error, and standard output, go to. */
final class Terminal {
  /**
   * The width of the terminal that standard error is, set by the launcher and only then. Java can't
   * tell: its console is about standard input and output, and newer ones have it without a
   * terminal.
   */
  private static final String COLUMNS = "POLYPHASE_TERMINAL_COLUMNS";

  /** Set by the launcher where standard output is a terminal. */
  private static final String RESULTS = "POLYPHASE_TERMINAL_RESULTS";

  private static final int USUAL_COLUMNS = 80;

  private Terminal() {}

  /** A display whose last line is rewritten where that can be seen, else plain lines. */
  static Display display(PrintWriter messages, Map<String, String> environment) {
    return isSeen(environment)
        ? Display.terminal(messages, width(environment.getOrDefault(COLUMNS, "")))
        : Display.plain(messages);
  }

  /**
   * Whether messages may be in colour: where they are seen, and nobody set NO_COLOR (no-color.org).
   */
  static boolean showsColor(Map<String, String> environment) {
    return isSeen(environment) && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  /** Whether results may be in colour: where standard output is such a terminal. */
  static boolean showsColorOfResults(Map<String, String> environment) {
    return environment.getOrDefault(RESULTS, "").equals("1")
        && !environment.getOrDefault("TERM", "dumb").equals("dumb")
        && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  private static boolean isSeen(Map<String, String> environment) {
    return !environment.getOrDefault(COLUMNS, "").isEmpty()
        && !environment.getOrDefault("TERM", "dumb").equals("dumb")
        && environment.getOrDefault("CI", "").isEmpty();
  }

  private static int width(String columns) {
    int width = columns.matches("\\d{1,4}") ? Integer.parseInt(columns) : 0;
    return width == 0 ? USUAL_COLUMNS : width;
  }
}
