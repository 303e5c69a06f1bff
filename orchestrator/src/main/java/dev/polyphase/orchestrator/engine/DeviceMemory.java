package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.machine.GpuMemory;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.PlaceNeed;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The memory of the devices that a pipeline runs on, in bytes; both 0 where it is not known.
 *
 * @param available what is free
 * @param total all of it
 * @param byDevice what is free of each, where there are several and it is known
 * @param host what is available of the CPU's memory, for what a phase keeps there beside a GPU
 */
public record DeviceMemory(long available, long total, Map<String, Long> byDevice, long host) {

  public DeviceMemory {
    byDevice = Map.copyOf(byDevice);
  }

  /** Looks at the memory of a machine. */
  @FunctionalInterface
  public interface Gauge {

    /**
     * The memory of some devices, all together.
     *
     * @param devices {@code cpu} or {@code cuda:N}; one that is named again counts once
     */
    DeviceMemory of(List<PlaceNeed> devices) throws IOException;
  }

  /** The memory of one device. */
  public DeviceMemory(long available, long total) {
    this(available, total, Map.of(), Long.MAX_VALUE);
  }

  /**
   * The memory of some of this machine's devices, all together.
   *
   * @param devices {@code cpu} or {@code cuda:N}; one that is named again counts once
   */
  public static DeviceMemory of(List<PlaceNeed> devices) throws IOException {
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
  public static OptionalLong available(String device) throws IOException {
    DeviceMemory memory = of(device);
    return memory.total == 0 ? OptionalLong.empty() : OptionalLong.of(memory.available);
  }

  /** How a need fits. */
  public enum Fit {
    FITS,
    /** Only if the mapped weights are read from the disk again and again. */
    SLOWLY,
    DOES_NOT_FIT,
    UNKNOWN
  }

  /** The devices, of several, that have less than a phase needs of them. */
  private List<PlaceNeed> tooSmall(PhasePlan plan) {
    return plan.places().stream()
        .filter(place -> place.bytes() > byDevice.getOrDefault(place.device(), Long.MAX_VALUE))
        .toList();
  }

  /** Whether the CPU has what a phase keeps there beside a GPU. */
  private boolean hostHas(MemoryEstimate need) {
    return need.hostBytes() <= host;
  }

  /** The settings that would make a phase fit that does not. */
  public List<String> remedies(PlannedPhase planned) {
    @Nullable MemoryEstimate need = planned.plan().memory();
    return need == null || hostHas(need)
        ? Remedies.of(planned.phase(), planned.plan(), host)
        : Remedies.beside(planned.phase(), planned.plan(), available);
  }

  /** Whether a phase's need fits into what is free. */
  public Fit fit(PhasePlan plan) {
    @Nullable MemoryEstimate need = plan.memory();
    if (total == 0 || need == null) {
      return Fit.UNKNOWN;
    }
    if (!tooSmall(plan).isEmpty() || !hostHas(need)) {
      return Fit.DOES_NOT_FIT;
    }
    if (need.totalBytes() <= available) {
      return Fit.FITS;
    }
    return need.unmappedBytes() <= available ? Fit.SLOWLY : Fit.DOES_NOT_FIT;
  }

  /** What a user is told of a phase that does not fit; empty where it does, or nobody knows. */
  Optional<String> warning(PlannedPhase planned) {
    PhasePlan plan = planned.plan();
    @Nullable MemoryEstimate need = plan.memory();
    if (need == null) {
      return Optional.empty();
    }
    String name = planned.phase().name();
    @Nullable String device = plan.compute().device();
    String head =
        switch (fit(plan)) {
          case FITS, UNKNOWN -> "";
          case SLOWLY ->
              "phase %s needs %s with its mapped weights, and %s has %s: it would read them from the disk again and again"
                  .formatted(
                      name, Numbers.bytes(need.totalBytes()), device, Numbers.bytes(available));
          case DOES_NOT_FIT -> "phase %s does not fit: %s".formatted(name, lack(plan, need));
        };
    return head.isEmpty()
        ? Optional.empty()
        : Optional.of(head + ". This would help: " + String.join("; ", remedies(planned)));
  }

  /** Where a phase that does not fit needs more than there is. */
  private String lack(PhasePlan plan, MemoryEstimate need) {
    if (!hostHas(need)) {
      return "optimizer_offload keeps %s on the CPU, which has %s"
          .formatted(Numbers.bytes(need.hostBytes()), Numbers.bytes(host));
    }
    List<PlaceNeed> tooSmall = tooSmall(plan);
    if (!tooSmall.isEmpty()) {
      PlaceNeed place = tooSmall.get(0);
      return "it needs %s on %s, which has %s"
          .formatted(
              Numbers.bytes(place.bytes()),
              place.device(),
              Numbers.bytes(byDevice.getOrDefault(place.device(), 0L)));
    }
    return "it needs %s, and %s has %s"
        .formatted(
            Numbers.bytes(need.unmappedBytes()), plan.compute().device(), Numbers.bytes(available));
  }
}
