package dev.polyphase.orchestrator.engine;

import dev.polyphase.pipelines.problems.PlainText;
import java.io.PrintWriter;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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
  private @Nullable Consumer<String> elsewhere;

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

  /** Has messages go elsewhere from now on, and nothing rewritten. */
  public synchronized void divert(Consumer<String> to) {
    clear();
    elsewhere = to;
  }

  /** Whether it has a line that is rewritten. */
  public synchronized boolean rewrites() {
    return columns > 0 && elsewhere == null;
  }

  /** The longest text that the rewritten line holds; a full line would wrap on some terminals. */
  public int width() {
    return columns - 1;
  }

  /** Shows a line that stays. */
  public synchronized void say(String line) {
    if (elsewhere != null) {
      elsewhere.accept(line);
      return;
    }
    clear();
    out.println(PlainText.linesOf(line));
    out.flush();
  }

  /** Rewrites the last line. */
  public synchronized void status(String text) {
    if (elsewhere != null) {
      return;
    }
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
