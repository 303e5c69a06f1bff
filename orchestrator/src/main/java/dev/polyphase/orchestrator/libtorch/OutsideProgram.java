package dev.polyphase.orchestrator.libtorch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * A program that is run to its end and whose lines are looked at as they come. It ends with this
 * process.
 *
 * @param command the program and its arguments
 * @param environment what is set for it beside what is set here; an empty value takes a variable
 *     away
 */
record OutsideProgram(List<String> command, Map<String, String> environment) {
  /** What a shell says of a program that is not there. */
  static final int NOT_THERE = 127;

  OutsideProgram(String... command) {
    this(List.of(command), Map.of());
  }

  /** The same with a variable. */
  OutsideProgram with(String variable, String value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(variable, value);
    return new OutsideProgram(command, more);
  }

  /**
   * Runs it.
   *
   * @param lines gets what it writes, both streams in one
   * @return its exit code; {@link #NOT_THERE} where it can't be started
   */
  int run(Consumer<String> lines) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    environment.forEach(
        (name, value) -> {
          builder.environment().remove(name);
          if (!value.isEmpty()) {
            builder.environment().put(name, value);
          }
        });
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      lines.accept(String.valueOf(e.getMessage()));
      return NOT_THERE;
    }
    Thread atExit = new Thread(process::destroy);
    Runtime.getRuntime().addShutdownHook(atExit);
    try {
      process.getOutputStream().close();
      try (BufferedReader written =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        for (String line = written.readLine(); line != null; line = written.readLine()) {
          lines.accept(line);
        }
      }
      int code = process.waitFor();
      Runtime.getRuntime().removeShutdownHook(atExit);
      return code;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(command.get(0) + " was interrupted");
    } finally {
      process.destroy();
    }
  }
}
