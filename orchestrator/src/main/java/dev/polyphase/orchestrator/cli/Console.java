package dev.polyphase.orchestrator.cli;

import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;

/**
 * Where a command writes.
 *
 * @param results standard output: what the command was asked for, and nothing else
 * @param messages standard error: progress, and what went wrong
 * @param colored whether messages may be in colour
 */
record Console(PrintWriter results, PrintWriter messages, boolean colored) {

  /**
   * The process's own streams. Colour is for terminals, of which the launcher tells Java by the
   * property {@code polyphase.terminal}, and where nobody set NO_COLOR (no-color.org).
   */
  static Console ofProcess() {
    String noColor = System.getenv("NO_COLOR");
    boolean colored =
        Boolean.getBoolean("polyphase.terminal") && (noColor == null || noColor.isEmpty());
    Console plain = of(System.out, System.err, StandardCharsets.UTF_8);
    return new Console(plain.results(), plain.messages(), colored);
  }

  /** Two streams without colour, each line of which appears when it is complete. */
  static Console of(OutputStream out, OutputStream err, Charset charset) {
    return new Console(
        new PrintWriter(new OutputStreamWriter(out, charset), true),
        new PrintWriter(new OutputStreamWriter(err, charset), true),
        false);
  }
}
