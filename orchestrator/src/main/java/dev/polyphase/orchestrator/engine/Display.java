package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.problems.PlainText;
import java.io.PrintWriter;

/**
 * Where progress is shown: messages, one a line, and where they go to a terminal a last line that
 * is rewritten in place. For several threads: a signal speaks while training does.
 */
public final class Display {
  /** To the line's beginning, and clear to its end (ECMA-48). */
  private static final String CLEAR_LINE = "\r\u001b[K";

  private final PrintWriter out;
  private final int columns;
  private boolean showsStatus;

  private Display(PrintWriter out, int columns) {
    this.out = out;
    this.columns = columns;
  }

  /** Lines alone. */
  public static Display plain(PrintWriter out) {
    return new Display(out, 0);
  }

  /**
   * Lines and a last one that is rewritten.
   *
   * @param columns the terminal's width
   */
  public static Display terminal(PrintWriter out, int columns) {
    return new Display(out, columns);
  }

  /** Whether it has a line that is rewritten. */
  public boolean rewrites() {
    return columns > 0;
  }

  /** The longest text that the rewritten line holds; a full line would wrap on some terminals. */
  public int width() {
    return columns - 1;
  }

  /** Shows a line that stays. */
  public synchronized void say(String line) {
    clear();
    out.println(PlainText.linesOf(line));
    out.flush();
  }

  /** Rewrites the last line. */
  public synchronized void status(String text) {
    out.print(CLEAR_LINE + PlainText.of(text));
    out.flush();
    showsStatus = true;
  }

  /** Takes the rewritten line away, so that others can write. */
  public synchronized void clear() {
    if (showsStatus) {
      out.print(CLEAR_LINE);
      out.flush();
      showsStatus = false;
    }
  }
}
