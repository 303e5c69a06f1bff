package dev.polyphase.orchestrator.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** This process's resident memory in bytes; empty where the system does not tell. */
final class ResidentMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ResidentMemory() {}

  /** What it has. */
  static OptionalLong now() throws IOException {
    return bytes("VmRSS:");
  }

  /** The most that it had. */
  static OptionalLong peak() throws IOException {
    return bytes("VmHWM:");
  }

  private static OptionalLong bytes(String key) throws IOException {
    if (!Files.exists(STATUS)) {
      return OptionalLong.empty();
    }
    return Files.readAllLines(STATUS).stream()
        .filter(line -> line.startsWith(key))
        .map(line -> line.substring(key.length()).replace("kB", "").strip())
        .mapToLong(kibibytes -> Long.parseLong(kibibytes) * 1024)
        .findFirst();
  }
}
