package dev.polyphase.orchestrator.cli;

import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/**
 * Where a command writes.
 *
 * @param results standard output: what the command was asked for, and nothing else
 * @param messages standard error: progress, and what went wrong
 */
record Console(PrintWriter results, PrintWriter messages) {

  /** Two streams, each line of which appears when it is complete. */
  static Console of(OutputStream out, OutputStream err, Charset charset) {
    return new Console(
        new PrintWriter(new OutputStreamWriter(out, charset), true),
        new PrintWriter(new OutputStreamWriter(err, charset), true));
  }
}
