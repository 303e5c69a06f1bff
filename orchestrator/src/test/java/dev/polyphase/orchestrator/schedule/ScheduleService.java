package dev.polyphase.orchestrator.schedule;

import dev.polyphase.orchestrator.index.Database;
import dev.polyphase.orchestrator.index.Databases;
import dev.polyphase.orchestrator.queue.RunQueue;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A service of schedules alone, in a process that can be killed. */
public final class ScheduleService implements AutoCloseable {
  private static final String READY = "ready";

  private final Process process;

  private ScheduleService(Process process) {
    this.process = process;
  }

  /** Starts one; it submits as soon as this returns. */
  static ScheduleService start(Databases.Opened opened) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp"));
    command.add(System.getProperty("java.class.path"));
    command.addAll(List.of(ScheduleService.class.getName(), opened.home().toString()));
    opened.url().ifPresent(command::add);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
    String line = out.readLine();
    if (!READY.equals(line)) {
      process.destroyForcibly();
      throw new IOException("the service said " + line);
    }
    return new ScheduleService(process);
  }

  /** As {@code kill -9} does. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The home, and for PostgreSQL its URL. It ends where standard input does. */
  public static void main(String[] args) throws IOException {
    Path home = Path.of(args[0]);
    Optional<String> url = args.length == 1 ? Optional.empty() : Optional.of(args[1]);
    try (Database database = Database.open(home, url.orElse(null));
        Schedules schedules =
            new Schedules(database, new RunQueue(database, home, Clock.systemUTC()))) {
      schedules.start();
      System.out.println(READY);
      while (System.in.read() >= 0) {}
    }
  }
}
