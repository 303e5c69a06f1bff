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
 * @param swap what can be on the disk beside it
 */
public record SystemMemory(long available, long total, long swap) {
  private static final Path MEMINFO = Path.of("/proc/meminfo");

  /** A container's limits, under control groups of version 2. */
  private static final Path LIMIT = Path.of("/sys/fs/cgroup/memory.max");

  private static final Path SWAP_LIMIT = Path.of("/sys/fs/cgroup/memory.swap.max");

  /** The memory now. */
  public static SystemMemory now() throws IOException {
    if (!Files.isReadable(MEMINFO)) {
      return ofJava();
    }
    return of(Files.readString(MEMINFO), limit(LIMIT), limit(SWAP_LIMIT));
  }

  private static String limit(Path file) throws IOException {
    return Files.isReadable(file) ? Files.readString(file) : "max";
  }

  /**
   * As Linux tells it.
   *
   * @param meminfo {@code /proc/meminfo}
   * @param limit {@code memory.max}: a number of bytes, or {@code max}
   * @param swapLimit {@code memory.swap.max}, likewise
   */
  static SystemMemory of(String meminfo, String limit, String swapLimit) {
    long total = bytes(meminfo, "MemTotal").orElse(0);
    long available = bytes(meminfo, "MemAvailable").orElse(total);
    long swap = bytes(meminfo, "SwapTotal").orElse(0);
    return new SystemMemory(
        limited(available, limit), limited(total, limit), limited(swap, swapLimit));
  }

  private static long limited(long bytes, String limit) {
    return limit.strip().matches("\\d{1,18}")
        ? Math.min(bytes, Long.parseLong(limit.strip()))
        : bytes;
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
        ? new SystemMemory(
            system.getFreeMemorySize(), system.getTotalMemorySize(), system.getTotalSwapSpaceSize())
        : new SystemMemory(0, 0, 0);
  }
}
