package dev.polyphase.trl.launch;

import static java.util.Objects.requireNonNull;

import dev.polyphase.processes.ProcessMark;
import dev.polyphase.processes.ProcessTree;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * An engine folder whose name is hard to quote, and programs that play Python and Slurm, first on
 * the path. Closing it ends all that was started.
 */
final class Lab implements AutoCloseable {
  private static final String MARK = "POLYPHASE_TEST_LAB";

  final Path engine;
  final Path bin;
  final Path slurm;
  private final Map<String, String> environment = new HashMap<>();

  Lab(Path folder) throws IOException {
    engine = Files.createDirectories(folder.resolve("a run's \"best\" $HOME\\one/engine"));
    bin = Files.createDirectories(folder.resolve("bin of it's own"));
    slurm = Files.createDirectories(bin.resolve("slurm"));
    Files.writeString(engine.resolve("driver.py"), "");
    for (String name :
        List.of("python3", "sbatch", "slurmd", "scontrol", "squeue", "scancel", "srun")) {
      program(name);
    }
    environment.put("PATH", bin + ":/usr/bin:/bin");
    environment.put(MARK, folder.toString());
    environment.put("POLYPHASE_HOME", folder.resolve("home").toString());
  }

  private void program(String name) throws IOException {
    Path program = bin.resolve(name);
    try (InputStream text = requireNonNull(Lab.class.getResourceAsStream(name))) {
      Files.copy(text, program);
    }
    Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  Path python() {
    return bin.resolve("python3");
  }

  Programs programs() {
    return new Programs(environment);
  }

  Programs programsWith(String name, String value) {
    Map<String, String> more = new HashMap<>(environment);
    more.put(name, value);
    return new Programs(more);
  }

  LaunchSettings settings(int nodes, int perNode) {
    return new LaunchSettings("Sft: 1st phase", python(), nodes, perNode, false);
  }

  /** What the driver plays from its next start on. */
  Lab plays(String part) throws IOException {
    Files.writeString(engine.resolve("play"), part + "\n");
    return this;
  }

  String text(String name) throws IOException {
    return Files.readString(engine.resolve(name));
  }

  boolean has(String name) {
    return Files.exists(engine.resolve(name));
  }

  /** The job, as another process finds it. */
  Job found() throws IOException {
    return Job.read(engine, programs()).orElseThrow();
  }

  void awaits(Job job, JobState state) {
    Eventually.holds(() -> job + " is " + job.state(), () -> job.state() == state);
  }

  void awaitsFile(String name) {
    Eventually.holds(() -> name + " does not come; there are " + names(), () -> has(name));
  }

  /** The processes that play the workers of torchrun. */
  List<ProcessHandle> workers() throws IOException {
    awaitsFile("worker.1");
    awaitsFile("worker.2");
    return List.of(process("worker.1"), process("worker.2"));
  }

  ProcessHandle process(String file) throws IOException {
    return ProcessHandle.of(Long.parseLong(text(file).strip())).orElseThrow();
  }

  static boolean runs(ProcessHandle process) {
    return ProcessMark.of(process).isAlive();
  }

  private List<String> names() throws IOException {
    try (Stream<Path> files = Files.list(engine)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  @Override
  public void close() throws IOException {
    ProcessTree.of(ProcessMark.toBeStarted(), MARK + "=" + environment.get(MARK)).kill();
  }
}
