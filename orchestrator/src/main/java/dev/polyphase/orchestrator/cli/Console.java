package dev.polyphase.orchestrator.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Where a command writes.
 *
 * @param results standard output: what the command was asked for, and nothing else
 * @param messages standard error: progress, and what went wrong
 * @param colored whether messages may be in colour
 */
record Console(PrintWriter results, PrintWriter messages, boolean colored) {

  /** The process's own streams, of which the environment tells whether they show colour. */
  static Console ofProcess(Map<String, String> environment) {
    // Not System.out, which keeps to itself that it can't be written.
    OutputStream out = new FileOutputStream(FileDescriptor.out);
    Console plain = of(out, System.err, StandardCharsets.UTF_8);
    return new Console(plain.results(), plain.messages(), Terminal.showsColor(environment));
  }

  /** Two streams without colour, each line of which appears when it is complete. */
  static Console of(OutputStream out, OutputStream err, Charset charset) {
    return new Console(
        new PrintWriter(new OutputStreamWriter(out, charset), true),
        new PrintWriter(new OutputStreamWriter(err, charset), true),
        false);
  }
}
