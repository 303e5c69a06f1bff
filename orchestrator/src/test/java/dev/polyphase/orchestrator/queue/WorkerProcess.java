package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.index.Database;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A worker in a process of its own, which runs until it is killed or its input ends. */
public final class WorkerProcess {
  private WorkerProcess() {}

  /** Starts one, and returns when it works. */
  static Process start(Path home, @Nullable String url, String... devices) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.add(WorkerProcess.class.getName());
    command.add(home.toString());
    command.add(url == null ? "" : url);
    command.addAll(List.of(devices));
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    int said = process.getInputStream().read();
    if (said != '.') {
      throw new IllegalStateException("the worker's process ended with " + process.waitFor());
    }
    return process;
  }

  /** Works. */
  public static void main(String[] arguments) throws Exception {
    Path home = Path.of(arguments[0]);
    String url = arguments[1].isEmpty() ? null : arguments[1];
    List<String> devices = Arrays.asList(arguments).subList(2, arguments.length);
    try (Database database = Database.open(home, url);
        Worker worker =
            new Worker(
                new RunQueue(database, home, Clock.systemUTC()),
                devices,
                FakeRun::command,
                new Worker.Settings(
                    new Retries(List.of(Duration.ZERO, Duration.ZERO)),
                    Duration.ofMillis(50),
                    Duration.ofMinutes(1),
                    sentence -> System.err.println(sentence)))) {
      worker.start();
      System.out.print('.');
      System.out.flush();
      System.in.read();
    }
  }
}
