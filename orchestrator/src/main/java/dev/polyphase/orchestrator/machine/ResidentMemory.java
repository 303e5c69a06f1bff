package dev.polyphase.orchestrator.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** This process's resident memory in bytes; empty where the system does not tell. */
public final class ResidentMemory {
  private static final Path STATUS = Path.of("/proc/self/status");

  private ResidentMemory() {}

  /** What it has. */
  public static OptionalLong now() throws IOException {
    return bytes("VmRSS:");
  }

  /** The most that it had. */
  public static OptionalLong peak() throws IOException {
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
