package dev.polyphase.orchestrator.fuzz;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A running {@link FuzzProgram}, as its parent sees it. */
final class FuzzProcess implements AutoCloseable {
  /** Stands behind the last line. */
  private static final String END = "fuzz: end of the process";

  /**
   * What became of a case.
   *
   * @param what its file, the change and the command, or empty where it did not get so far
   * @param wrong what is wrong, one a line; empty where nothing is
   * @param over whether the process can be asked no more
   * @param hung whether it is because time was up
   */
  record Answer(String what, String wrong, boolean over, boolean hung) {}

  private final Process process;
  private final PrintWriter numbers;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  /**
   * Starts it.
   *
   * @param messages where its standard error goes, and what Java says when it aborts
   */
  FuzzProcess(Workplace workplace, long seed, Path messages) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-Xmx1g",
            "-XX:TieredStopAtLevel=1",
            // An abort is told in short, where its standard error goes.
            "-XX:ErrorFile=/dev/null",
            "-Djava.io.tmpdir=" + workplace.temporary(),
            "-cp",
            System.getProperty("java.class.path"),
            FuzzProgram.class.getName(),
            workplace.root().toString(),
            Long.toString(seed),
            messages.toString());
    builder.directory(workplace.here().toFile());
    builder.redirectError(ProcessBuilder.Redirect.to(messages.toFile()));
    process = builder.start();
    numbers = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
    Thread reader = new Thread(this::read, "fuzz-answers");
    reader.setDaemon(true);
    reader.start();
  }

  private void read() {
    try (BufferedReader answers =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      answers.lines().forEach(lines::add);
    } catch (IOException | UncheckedIOException e) {
      // The process was ended in the middle of a line.
    }
    lines.add(END);
  }

  /** Waits until it can be asked; returns what is wrong where it never can. */
  String ready(Duration most) throws InterruptedException {
    String line =
        next(most.toNanos() + System.nanoTime(), List.of(FuzzProgram.READY, FuzzProgram.ENDED));
    return line.startsWith(FuzzProgram.READY) ? "" : text(line);
  }

  /**
   * Has it run a case.
   *
   * @param most how long that may take
   */
  Answer run(int number, Duration most) throws InterruptedException, IOException {
    numbers.println(number);
    long end = System.nanoTime() + most.toNanos();
    String first = next(end, List.of(FuzzProgram.BEGINS));
    if (!first.startsWith(FuzzProgram.BEGINS)) {
      return new Answer("", over(first), true, first.isEmpty());
    }
    String what = text(first.substring(FuzzProgram.BEGINS.length()));
    String second = next(end, List.of(FuzzProgram.ENDED));
    return second.startsWith(FuzzProgram.ENDED)
        ? new Answer(what, text(second.substring(FuzzProgram.ENDED.length())), false, false)
        : new Answer(what, over(second), true, second.isEmpty());
  }

  /** The next line of a kind, the end of the process, or nothing where time is up. */
  private String next(long end, List<String> kinds) throws InterruptedException {
    while (true) {
      String line = lines.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
      if (line == null) {
        return "";
      }
      if (line.equals(END) || kinds.stream().anyMatch(line::startsWith)) {
        return line;
      }
    }
  }

  private String over(String line) throws InterruptedException, IOException {
    if (line.equals(END)) {
      return "the process ended with " + process.waitFor();
    }
    return "it takes too long, at\n" + threads();
  }

  /** Where its main thread is, as far as Java can still say. */
  private String threads() throws InterruptedException, IOException {
    Path dump = Files.createTempFile("fuzz-threads", ".txt");
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(process.pid()),
                "Thread.print")
            .redirectErrorStream(true)
            .redirectOutput(dump.toFile())
            .start();
    if (!jcmd.waitFor(10, TimeUnit.SECONDS)) {
      jcmd.destroyForcibly();
    }
    String text = Files.readString(dump);
    Files.delete(dump);
    int main = text.indexOf("\"main\"");
    int end = text.indexOf("\n\n", Math.max(0, main));
    return main < 0 || end < 0 ? text : text.substring(main, end);
  }

  private static String text(String line) {
    return line.replace(FuzzProgram.LINE, "\n");
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}
