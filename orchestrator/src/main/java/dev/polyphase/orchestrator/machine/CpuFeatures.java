package dev.polyphase.orchestrator.machine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The processor's instructions that matter for training.
 *
 * @param model the processor's name, or an empty text
 * @param present those it has, of the ones looked for
 */
public record CpuFeatures(String model, List<String> present) {
  private static final Path CPUINFO = Path.of("/proc/cpuinfo");
  private static final List<String> LOOKED_FOR =
      List.of("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16");
  private static final Set<String> FAST_BFLOAT16 = Set.of("avx512_bf16", "amx_bf16", "bf16");

  public CpuFeatures {
    present = List.copyOf(present);
  }

  /** This machine's processor; nothing is known of it but on Linux. */
  public static CpuFeatures now() throws IOException {
    return of(Files.isReadable(CPUINFO) ? Files.readString(CPUINFO) : "");
  }

  /** As {@code /proc/cpuinfo} describes the first processor. */
  static CpuFeatures of(String cpuinfo) {
    List<String> flags = Arrays.asList(value(cpuinfo, "flags|Features").split(" ", -1));
    return new CpuFeatures(
        value(cpuinfo, "model name"), LOOKED_FOR.stream().filter(flags::contains).toList());
  }

  /** Whether bfloat16 is faster than float32. */
  public boolean fastBfloat16() {
    return present.stream().anyMatch(FAST_BFLOAT16::contains);
  }

  private static String value(String cpuinfo, String key) {
    Matcher line = Pattern.compile("(?m)^(?:" + key + ")\\s*: (.*)$").matcher(cpuinfo);
    return line.find() ? line.group(1) : "";
  }
}
