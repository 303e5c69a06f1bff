package dev.polyphase.orchestrator.machine;

import dev.polyphase.kernels.Libtorch;
import java.util.Optional;

/**
 * The memory of a GPU that libtorch can use.
 *
 * @param freeBytes what nobody uses
 * @param totalBytes all of it
 */
public record GpuMemory(long freeBytes, long totalBytes) {

  /**
   * What CUDA itself says.
   *
   * @param device {@code cuda:N} in libtorch's numbering, which need not be {@code nvidia-smi}'s
   * @return empty for the CPU, and where it is not known
   */
  public static Optional<GpuMemory> of(String device) {
    return Libtorch.gpuMemory(device)
        .map(memory -> new GpuMemory(memory.getMax() - memory.getUsed(), memory.getMax()));
  }

  /** What all processes use. */
  public long usedBytes() {
    return totalBytes - freeBytes;
  }
}
