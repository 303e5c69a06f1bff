package dev.polyphase.orchestrator.service.watch;

import dev.polyphase.orchestrator.store.PhaseState;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunLock;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.orchestrator.store.RunStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A folder as a process leaves it that runs a run of two phases, step by step as a test says. */
public final class LiveRun implements AutoCloseable {
  private final RunFolder run;
  private final String name;
  private final RunLock lock;
  private int phase;

  private LiveRun(RunFolder run, String name, RunLock lock) {
    this.run = run;
    this.name = name;
    this.lock = lock;
  }

  /** Begins one in a folder of runs. */
  public static LiveRun begin(Path runs, String name) throws IOException {
    RunFolder run = new RunFolder(runs.resolve(name));
    for (int i = 0; i < 2; i++) {
      Files.createDirectories(run.phase(i, phaseName(i)).path());
    }
    LiveRun live = new LiveRun(run, name, RunLock.take(run));
    Files.writeString(run.pipelineYaml(), pipeline(name));
    live.write(RunState.Status.RUNNING, null);
    live.log("{\"event\":\"run_started\",\"phases\":2}");
    live.log(
        "{\"event\":\"phase_started\",\"phase\":\"first\",\"index\":0,\"count\":2,\"type\":\"sft\"}");
    return live;
  }

  /** A pipeline that is right as it is written. */
  public static String pipeline(String name) {
    return """
        name: %s
        base_model: base
        output_dir: runs
        phases:
          - name: first
            type: sft
            targeting: {top_percent: 50}
            datasets: [{path: rows.jsonl}]
            learning_rate: 1e-5
          - name: second
            type: sft
            targeting: {method: full}
            datasets: [{path: rows.jsonl}]
            learning_rate: 1e-5
        """
        .formatted(name);
  }

  public Path folder() {
    return run.path();
  }

  private static String phaseName(int index) {
    return index == 0 ? "first" : "second";
  }

  /** Goes on with the second phase. */
  public void secondPhase() throws IOException {
    phase = 1;
    write(RunState.Status.RUNNING, null);
  }

  /** Takes a step, which the figures and the log tell of. */
  public void step(long step) throws IOException {
    row("{\"step\":%d,\"loss\":%s,\"learning_rate\":1e-5}".formatted(step, 4.0 / step));
    log(
        "{\"event\":\"step\",\"phase\":\"%s\",\"step\":%d,\"total_steps\":100,\"seconds_left\":%d,\"loss\":%s}"
            .formatted(phaseName(phase), step, 100 - step, 4.0 / step));
  }

  /** Adds to the figures, a line or half of one. */
  public void row(String text) throws IOException {
    append(run.phase(phase, phaseName(phase)).metricsJsonl(), text + "\n");
  }

  /** Adds a line to the log. */
  public void log(String line) throws IOException {
    append(
        run.logJsonl(),
        line.replaceFirst(
                "\\{",
                "{\"time\":\"2026-01-02T03:04:05.000Z\",\"level\":\"info\",\"run\":\""
                    + name
                    + "\",")
            + "\n");
  }

  /** Adds text to a file of the run. */
  public static void append(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  /** Goes back to a checkpoint: the rows after some are taken back. */
  public void keepRows(int count) throws IOException {
    Path file = run.phase(phase, phaseName(phase)).metricsJsonl();
    List<String> rows = Files.readAllLines(file).subList(0, count);
    Files.writeString(file, String.join("\n", rows) + "\n");
  }

  /** Ends it. */
  public void end(RunState.Status status) throws IOException {
    write(status, status == RunState.Status.FAILED ? "the disk is full" : null);
    log("{\"event\":\"run_%s\"}".formatted(status.name().toLowerCase(java.util.Locale.ROOT)));
    lock.close();
  }

  private void write(RunState.Status status, String message) throws IOException {
    RunStore.write(
        run,
        new RunState(
            name,
            status,
            message,
            "test",
            "2026-01-02T03:04:05Z",
            Instant.now().toString(),
            Map.of("seed", "42"),
            List.of(
                phaseState(0, phase > 0 ? PhaseState.Status.FINISHED : PhaseState.Status.RUNNING),
                phaseState(1, phase > 0 ? PhaseState.Status.RUNNING : PhaseState.Status.PENDING))));
  }

  private static PhaseState phaseState(int index, PhaseState.Status status) {
    String folder = "phase-%02d-%s".formatted(index + 1, phaseName(index));
    return new PhaseState(
        phaseName(index),
        "sft",
        folder,
        status,
        Map.of("learning_rate", "1e-5"),
        Map.of(),
        null,
        null,
        null);
  }

  /** Its process dies, without a word. */
  @Override
  public void close() throws IOException {
    lock.close();
  }
}
