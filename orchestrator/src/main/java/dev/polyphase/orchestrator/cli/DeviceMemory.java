package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.PlannedPhase;
import dev.polyphase.orchestrator.engine.Remedies;
import dev.polyphase.orchestrator.machine.GpuMemory;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PlaceNeed;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The memory of the devices that a pipeline runs on, in bytes; both 0 where it is not known.
 *
 * @param available what is free
 * @param total all of it
 * @param byDevice what is free of each, where there are several and it is known
 * @param host what is available of the CPU's memory, for what a phase keeps there beside a GPU
 */
record DeviceMemory(long available, long total, Map<String, Long> byDevice, long host) {

  DeviceMemory {
    byDevice = Map.copyOf(byDevice);
  }

  /** The memory of one device. */
  DeviceMemory(long available, long total) {
    this(available, total, Map.of(), Long.MAX_VALUE);
  }

  /**
   * The memory of some of this machine's devices, all together.
   *
   * @param devices {@code cpu} or {@code cuda:N}; one that is named again counts once
   */
  static DeviceMemory of(List<PlaceNeed> devices) throws IOException {
    Map<String, Long> byDevice = new HashMap<>();
    long available = 0;
    long total = 0;
    for (String device : devices.stream().map(PlaceNeed::device).distinct().toList()) {
      DeviceMemory one = of(device);
      if (one.total == 0) {
        return one;
      }
      byDevice.put(device, one.available);
      available += one.available;
      total += one.total;
    }
    return new DeviceMemory(
        available,
        total,
        byDevice.size() > 1 ? byDevice : Map.of(),
        SystemMemory.now().available());
  }

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
    return GpuMemory.of(device)
        .map(memory -> new DeviceMemory(memory.freeBytes(), memory.totalBytes()))
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

  /** The devices, of several, that have less than a phase needs of them. */
  List<PlaceNeed> tooSmall(PhasePlan plan) {
    return plan.places().stream()
        .filter(place -> place.bytes() > byDevice.getOrDefault(place.device(), Long.MAX_VALUE))
        .toList();
  }

  /** Whether the CPU has what a phase keeps there beside a GPU. */
  boolean hostHas(PhasePlan plan) {
    return plan.memory().hostBytes() <= host;
  }

  /** The settings that would make a phase fit that does not. */
  List<String> remedies(PlannedPhase planned) {
    return hostHas(planned.plan())
        ? Remedies.of(planned.phase(), planned.plan(), host)
        : Remedies.beside(planned.phase(), planned.plan(), available);
  }

  /** Whether a phase's need fits into what is free. */
  Fit fit(PhasePlan plan) {
    MemoryEstimate need = plan.memory();
    if (total == 0) {
      return Fit.UNKNOWN;
    }
    if (!tooSmall(plan).isEmpty() || !hostHas(plan)) {
      return Fit.DOES_NOT_FIT;
    }
    if (need.totalBytes() <= available) {
      return Fit.FITS;
    }
    return need.unmappedBytes() <= available ? Fit.SLOWLY : Fit.DOES_NOT_FIT;
  }
}
