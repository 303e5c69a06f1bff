package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A service whose runs are submitted, stopped, resumed and cancelled over and over holds no more of
 * anything at the end than after the first few. {@code -Dsoak.minutes=60} lets it go on for an hour
 * and prints what it holds after each run.
 */
class SoakTest {
  private static final Path QUICKSTART =
      Path.of("").toAbsolutePath().getParent().resolve("pipelines/quickstart/quickstart.yaml");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LONG_ENOUGH = Duration.ofMinutes(4);
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final int SHORT_ROUNDS = 4;

  /** Threads of pools come and go. */
  private static final int THREADS_THAT_VARY = 6;

  private static final int HANDLES_THAT_VARY = 8;
  private static final long BYTES_THAT_VARY = 64L << 20;

  @TempDir Path folder;

  /** What the service's process holds, without what waits to be collected. */
  private record Held(long threads, long handles, long residentBytes) {
    static Held by(long pid) throws IOException, InterruptedException {
      Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
      new ProcessBuilder(jcmd.toString(), Long.toString(pid), "GC.run")
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
      Path process = Path.of("/proc", Long.toString(pid));
      long threads = 0;
      long kibibytes = 0;
      for (String line : Files.readAllLines(process.resolve("status"))) {
        if (line.startsWith("Threads:")) {
          threads = number(line);
        } else if (line.startsWith("VmRSS:")) {
          kibibytes = number(line);
        }
      }
      try (Stream<Path> handles = Files.list(process.resolve("fd"))) {
        return new Held(threads, handles.count(), kibibytes << 10);
      }
    }

    private static long number(String line) {
      return Long.parseLong(line.replaceAll("\\D", ""));
    }
  }

  @Test
  void whatAServiceHoldsStaysFlat() throws Exception {
    Assumptions.assumeTrue(
        Files.isDirectory(Path.of("/proc/self/fd")), "this system has no /proc to look in");
    long minutes = Long.getLong("soak.minutes", 0);
    long until = System.nanoTime() + Duration.ofMinutes(minutes).toNanos();
    List<Held> held = new ArrayList<>();
    try (ServiceProcess service = new ServiceProcess(folder)) {
      for (int round = 1;
          round <= SHORT_ROUNDS || (minutes > 0 && System.nanoTime() - until < 0);
          round++) {
        stopResumeAndCancel(service, round);
        held.add(Held.by(service.pid()));
        if (minutes > 0) {
          System.out.println("round " + round + ": " + held.get(held.size() - 1));
        }
      }
    }

    Held first = held.get(held.size() / 2 - 1);
    Held last = held.get(held.size() - 1);
    assertThat(last.threads()).isLessThanOrEqualTo(first.threads() + THREADS_THAT_VARY);
    assertThat(last.handles()).isLessThanOrEqualTo(first.handles() + HANDLES_THAT_VARY);
    assertThat(last.residentBytes()).isLessThanOrEqualTo(first.residentBytes() + BYTES_THAT_VARY);
  }

  private static void stopResumeAndCancel(ServiceProcess service, int round) throws Exception {
    String request =
        JSON.createObjectNode()
            .put("pipeline", QUICKSTART.toString())
            .set("set", JSON.createArrayNode().add("name=soak-" + round))
            .toString();
    long number = JSON.readTree(service.post("api/queue", request)).path("number").asLong();
    long taken = steps(service, number, 1);
    service.post("api/queue/" + number + "/stop", "");
    await(service, number, "stopped");
    service.post("api/queue/" + number + "/resume", "");
    steps(service, number, taken + 1);
    service.post("api/queue/" + number + "/cancel", "");
    await(service, number, "cancelled");
  }

  /** Waits until the run has taken so many steps, and says how many it has. */
  private static long steps(ServiceProcess service, long number, long steps) throws Exception {
    until("step " + steps, service, () -> run(service, number).path("step").asLong() >= steps);
    return run(service, number).path("step").asLong();
  }

  private static void await(ServiceProcess service, long number, String state) throws Exception {
    until(state, service, () -> entry(service, number).path("state").asText().equals(state));
  }

  private static JsonNode entry(ServiceProcess service, long number) throws Exception {
    for (JsonNode entry : JSON.readTree(service.get("api/queue")).path("entries")) {
      if (entry.path("number").asLong() == number) {
        return entry;
      }
    }
    throw new AssertionError("run " + number + " is not in the queue");
  }

  private static JsonNode run(ServiceProcess service, long number) throws Exception {
    return JSON.readTree(service.get("api/runs/" + entry(service, number).path("run_id").asText()));
  }

  private static void until(String what, ServiceProcess service, Callable<Boolean> so)
      throws Exception {
    long end = System.nanoTime() + LONG_ENOUGH.toNanos();
    while (!so.call()) {
      if (System.nanoTime() - end > 0) {
        throw new AssertionError("not so: " + what + "\n" + service.messages());
      }
      LockSupport.parkNanos(LOOK.toNanos());
    }
  }
}
