package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.machine.Gpu;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.MemoryEstimate;
import java.io.IOException;

/**
 * The memory of the device that a pipeline runs on, in bytes; both 0 where it is not known.
 *
 * @param available what is free
 * @param total all of it
 */
record DeviceMemory(long available, long total) {

  /** The memory of this machine's device. */
  static DeviceMemory of(Compute compute) throws IOException {
    if (!compute.onGpu()) {
      SystemMemory memory = SystemMemory.now();
      return new DeviceMemory(memory.available(), memory.total());
    }
    int index = Integer.parseInt(compute.device().substring("cuda:".length()));
    return Gpu.all().stream()
        .filter(gpu -> gpu.index() == index)
        .findFirst()
        .map(gpu -> new DeviceMemory(gpu.freeBytes(), gpu.totalBytes()))
        .orElse(new DeviceMemory(0, 0));
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
