package dev.polyphase.orchestrator.machine;

import java.util.List;
import java.util.OptionalDouble;
import java.util.regex.Pattern;

/**
 * What a GPU can do at most: products of dense matrices in bfloat16 on its tensor cores, as NVIDIA
 * states it. The first that fits a name counts.
 *
 * @param name what the GPU's name holds
 * @param teraflops in 10^12 operations a second
 */
public record GpuPeak(Pattern name, double teraflops) {
  private static final List<GpuPeak> KNOWN =
      List.of(of("H100 PCIe", 756), of("H[12]00 NVL", 835), of("G?H[12]00", 989), of("A100", 312));

  private static GpuPeak of(String name, double teraflops) {
    return new GpuPeak(Pattern.compile("\\b%s\\b".formatted(name)), teraflops);
  }

  /**
   * The peak of a GPU in 10^12 operations a second; empty where it is not known.
   *
   * @param gpu its name, as {@code NVIDIA H200}
   */
  public static OptionalDouble bfloat16(String gpu) {
    return KNOWN.stream()
        .filter(known -> known.name.matcher(gpu).find())
        .mapToDouble(GpuPeak::teraflops)
        .findFirst();
  }
}
