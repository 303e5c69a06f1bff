package dev.polyphase.trl;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** The Python with torch, transformers, trl and accelerate that some tests ask for. */
final class PeerPython {
  private static final String VARIABLE = "POLYPHASE_TEST_TRL";

  private PeerPython() {}

  /** Its path; without it the test is skipped. */
  static String path() {
    String path = System.getenv(VARIABLE);
    assumeTrue(
        path != null && Files.isExecutable(Path.of(path)),
        VARIABLE + " names no Python with torch, transformers, trl and accelerate");
    return path;
  }

  /** The settings for so many processes on this machine, which all have the whole model. */
  static String[] processes(int count) {
    return new String[] {
      "phases.one.engine.type=trl",
      "phases.one.engine.python=" + path(),
      "phases.one.engine.processes_per_node=" + count
    };
  }

  /**
   * The settings for so many processes among which FSDP2 deals the model out, though they are on
   * CPUs.
   *
   * @param folder for a program that makes accelerate believe in GPUs
   */
  static String[] sharded(int count, Path folder) throws IOException {
    Path patch = folder.resolve("fsdp2_on_cpu.py");
    try (InputStream in = PeerPython.class.getResourceAsStream("fsdp2_on_cpu.py")) {
      Files.write(patch, in.readAllBytes());
    }
    return new String[] {
      "phases.one.engine.type=trl",
      "phases.one.engine.python=" + path(),
      "phases.one.engine.processes_per_node=" + count,
      "phases.one.engine.launch=\"{python} -m torch.distributed.run --standalone --nproc-per-node"
          + " {per_node} --max-restarts 0 '"
          + patch
          + "' {driver} {job}\""
    };
  }
}
