package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.machine.Gpu;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.phases.api.MemoryEstimate;
import java.io.IOException;
import java.util.OptionalLong;

/**
 * The memory of the device that a pipeline runs on, in bytes; both 0 where it is not known.
 *
 * @param available what is free
 * @param total all of it
 */
record DeviceMemory(long available, long total) {

  /**
   * The memory of one of this machine's devices.
   *
   * @param device {@code cpu} or {@code cuda:N}
   */
  static DeviceMemory of(String device) throws IOException {
    if (device.equals("cpu")) {
      SystemMemory memory = SystemMemory.now();
      return new DeviceMemory(memory.available(), memory.total());
    }
    int index = Integer.parseInt(device.substring("cuda:".length()));
    return Gpu.all().stream()
        .filter(gpu -> gpu.index() == index)
        .findFirst()
        .map(gpu -> new DeviceMemory(gpu.freeBytes(), gpu.totalBytes()))
        .orElse(new DeviceMemory(0, 0));
  }

  /** What is free of a device; empty where that is not known. */
  static OptionalLong available(String device) throws IOException {
    DeviceMemory memory = of(device);
    return memory.total == 0 ? OptionalLong.empty() : OptionalLong.of(memory.available);
  }

  /** How a need fits. */
  enum Fit {
    FITS,
    /** Only if the mapped weights are read from the disk again and again. */
    SLOWLY,
    DOES_NOT_FIT,
    UNKNOWN
  }

  /** Whether a phase's need fits into what is free. */
  Fit fit(MemoryEstimate need) {
    if (total == 0) {
      return Fit.UNKNOWN;
    }
    if (need.totalBytes() <= available) {
      return Fit.FITS;
    }
    return need.unmappedBytes() <= available ? Fit.SLOWLY : Fit.DOES_NOT_FIT;
  }
}
