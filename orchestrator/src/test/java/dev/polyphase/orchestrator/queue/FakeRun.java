package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.queue.ChildOutcome.Cause;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A program in the place of Polyphase that plays a run, in a process of its own: what it does is
 * the first part of its pipeline's name. Each start adds a line to a file beside its pipeline's.
 */
public final class FakeRun {
  /** The exit code of a run that was interrupted. */
  private static final int INTERRUPTED = 75;

  private FakeRun() {}

  /** A pipeline that is right as it is written. */
  static String pipeline(String name) {
    return """
        name: %s
        base_model: base
        phases:
          - name: only
            type: sft
            targeting: {method: full}
            datasets: [{path: rows.jsonl}]
            learning_rate: 1e-5
        """
        .formatted(name);
  }

  /** The command that plays it. */
  static List<String> command(List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(FakeRun.class.getName());
    command.addAll(arguments);
    return command;
  }

  /** A line of the file of starts. */
  static Path starts(Path folder, String name) {
    return folder.resolve(name + ".starts");
  }

  /** Plays. */
  public static void main(String[] arguments) throws Exception {
    List<String> given = List.of(arguments);
    String name = name(given);
    Path outcome = Path.of(after(given, "--outcome"));
    Path run = Path.of(after(given, "--output")).resolve(name);
    CountDownLatch asked = new CountDownLatch(1);
    onTerm(asked);
    Files.createDirectories(run);
    Files.writeString(run.resolve("run.json"), "{}");
    Files.writeString(
        starts(Path.of(after(given, "--relative-to")), name),
        String.join(" ", given) + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
    System.out.println("playing " + name);
    int exit = play(name.split("-", -1)[0], run, outcome, asked);
    Runtime.getRuntime().halt(exit);
  }

  private static int play(String part, Path run, Path outcome, CountDownLatch asked)
      throws IOException, InterruptedException {
    switch (part) {
      case "finish" -> {
        return end(outcome, 0, Cause.DONE, null);
      }
      case "fail" -> {
        return end(outcome, 1, Cause.FAILED, "the loss is no number");
      }
      case "wrong" -> {
        return end(outcome, 2, Cause.INPUT, "rows.jsonl: there is no such file");
      }
      case "full" -> {
        return end(outcome, 1, Cause.DISK, "there is no room left");
      }
      case "recover" -> {
        Path before = run.resolve("tried");
        if (Files.exists(before)) {
          return end(outcome, 0, Cause.DONE, null);
        }
        Files.writeString(before, "");
        return end(outcome, 2, Cause.BUSY, "another process has it");
      }
      case "die" -> {
        ProcessHandle self = ProcessHandle.current();
        // Not halt: nobody catches this one.
        new ProcessBuilder("kill", "-9", Long.toString(self.pid())).start().waitFor();
        Thread.sleep(60_000);
        return 0;
      }
      case "hang" -> {
        Path go = run.resolve("go");
        while (!Files.exists(go) && asked.getCount() > 0) {
          asked.await(20, java.util.concurrent.TimeUnit.MILLISECONDS);
        }
        return Files.exists(go)
            ? end(outcome, 0, Cause.DONE, null)
            : end(outcome, INTERRUPTED, Cause.INTERRUPTED, "the state is saved");
      }
      default -> throw new IllegalArgumentException(part);
    }
  }

  private static int end(Path outcome, int exit, Cause cause, String message) throws IOException {
    new ChildOutcome(exit, cause, message).write(outcome);
    return exit;
  }

  private static String name(List<String> arguments) {
    String name = "";
    for (int i = 1; i < arguments.size(); i++) {
      if (arguments.get(i - 1).equals("--set") && arguments.get(i).startsWith("name=")) {
        name = arguments.get(i).substring("name=".length()).replace("\"", "");
      }
    }
    return name;
  }

  private static String after(List<String> arguments, String option) {
    return arguments.get(arguments.indexOf(option) + 1);
  }

  /** A second one ends the process at once, as that of a real run. */
  private static void onTerm(CountDownLatch asked)
      throws ReflectiveOperationException, InvocationTargetException {
    Class<?> signal = Class.forName("sun.misc.Signal");
    Class<?> handler = Class.forName("sun.misc.SignalHandler");
    Object handling =
        Proxy.newProxyInstance(
            FakeRun.class.getClassLoader(),
            new Class<?>[] {handler},
            (proxy, method, args) -> {
              if (asked.getCount() == 0) {
                Runtime.getRuntime().halt(143);
              }
              asked.countDown();
              return null;
            });
    signal
        .getMethod("handle", signal, handler)
        .invoke(null, signal.getConstructor(String.class).newInstance("TERM"), handling);
  }
}
