package dev.polyphase.orchestrator.machine;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The machine's memory, in bytes.
 *
 * @param available what programs can have without others being pushed out
 * @param total all of it
 */
public record SystemMemory(long available, long total) {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  /** A container's limit, under control groups of version 2. */
  private static final Path LIMIT = Path.of("/sys/fs/cgroup/memory.max");

  /** The memory now. */
  public static SystemMemory now() throws IOException {
    if (!Files.isReadable(MEMINFO)) {
      return ofJava();
    }
    String limit = Files.isReadable(LIMIT) ? Files.readString(LIMIT) : "max";
    return of(Files.readString(MEMINFO), limit);
  }

  /**
   * As Linux tells it.
   *
   * @param meminfo {@code /proc/meminfo}
   * @param limit {@code memory.max}: a number of bytes, or {@code max}
   */
  static SystemMemory of(String meminfo, String limit) {
    long total = bytes(meminfo, "MemTotal").orElse(0);
    long available = bytes(meminfo, "MemAvailable").orElse(total);
    if (limit.strip().matches("\\d{1,18}")) {
      long most = Long.parseLong(limit.strip());
      return new SystemMemory(Math.min(available, most), Math.min(total, most));
    }
    return new SystemMemory(available, total);
  }

  private static OptionalLong bytes(String meminfo, String key) {
    Matcher line = Pattern.compile("(?m)^" + key + ":\\s+(\\d+) kB$").matcher(meminfo);
    return line.find()
        ? OptionalLong.of(Long.parseLong(line.group(1)) * 1024)
        : OptionalLong.empty();
  }

  private static SystemMemory ofJava() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? new SystemMemory(system.getFreeMemorySize(), system.getTotalMemorySize())
        : new SystemMemory(0, 0);
  }
}
