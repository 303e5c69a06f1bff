package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.machine.GpuMemory;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.pipelines.Targeting;
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
 * @param most what a phase could have if nobody else used any
 */
public record DeviceMemory(
    long available, long total, Map<String, Long> byDevice, long host, Room most) {
  /**
   * A phase whose certain need exceeds what there is by this factor is refused. The estimates are
   * held to within 15 % of what phases were seen to need: one that is as much as that too high, of
   * a phase that just fits, is not above it.
   */
  private static final double BEYOND = 1.15;

  private static final String CPU = "cpu";

  public DeviceMemory {
    byDevice = Map.copyOf(byDevice);
  }

  /**
   * Memory that a phase could have. In all, that is a GPU's memory, and the CPU's with its swap.
   *
   * @param all of the devices together
   * @param byDevice of each, where there are several and it is known
   * @param host of the CPU, for what a phase keeps there beside a GPU
   */
  public record Room(long all, Map<String, Long> byDevice, long host) {
    public Room {
      byDevice = Map.copyOf(byDevice);
    }
  }

  /** Looks at the memory of a machine. */
  @FunctionalInterface
  public interface Gauge {

    /**
     * The memory of some devices, all together.
     *
     * @param devices {@code cpu} or {@code cuda:N}; one that is named again counts once
     */
    DeviceMemory of(List<DeviceNeed> devices) throws IOException;
  }

  /** The memory of one device, beside which there is plenty. */
  public DeviceMemory(long available, long total) {
    this(available, total, Map.of(), Long.MAX_VALUE);
  }

  /** The memory of devices without any swap. */
  public DeviceMemory(long available, long total, Map<String, Long> byDevice, long host) {
    this(available, total, byDevice, host, new Room(total, Map.of(), Long.MAX_VALUE));
  }

  /**
   * The memory of some of this machine's devices, all together.
   *
   * @param devices {@code cpu} or {@code cuda:N}; one that is named again counts once
   */
  public static DeviceMemory of(List<DeviceNeed> devices) throws IOException {
    Map<String, Long> byDevice = new HashMap<>();
    Map<String, Long> most = new HashMap<>();
    long available = 0;
    long total = 0;
    long all = 0;
    for (String device : devices.stream().map(DeviceNeed::device).distinct().toList()) {
      DeviceMemory one = of(device);
      if (one.total == 0) {
        return one;
      }
      byDevice.put(device, one.available);
      if (!device.equals(CPU)) {
        // Of the CPU mapped weights, which need not fit, are in what it is said to need.
        most.put(device, one.total);
      }
      all += one.most.all;
      available += one.available;
      total += one.total;
    }
    boolean several = byDevice.size() > 1;
    SystemMemory host = SystemMemory.now();
    return new DeviceMemory(
        available,
        total,
        several ? byDevice : Map.of(),
        host.available(),
        new Room(all, several ? most : Map.of(), host.total() + host.swap()));
  }

  /**
   * The memory of one of this machine's devices.
   *
   * @param device {@code cpu} or {@code cuda:N}
   */
  static DeviceMemory of(String device) throws IOException {
    if (device.equals(CPU)) {
      SystemMemory memory = SystemMemory.now();
      return new DeviceMemory(
          memory.available(),
          memory.total(),
          Map.of(),
          memory.available(),
          new Room(memory.total() + memory.swap(), Map.of(), memory.total() + memory.swap()));
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

  /** What is free. */
  private Room free() {
    return new Room(available, byDevice, host);
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
    if (lack(plan, need, free(), 1).isPresent()) {
      return Fit.DOES_NOT_FIT;
    }
    return need.totalBytes() <= available ? Fit.FITS : Fit.SLOWLY;
  }

  /** What a user is told of a phase that does not fit; empty where it does, or nobody knows. */
  Optional<String> warning(PlannedPhase planned) {
    PhasePlan plan = planned.plan();
    @Nullable MemoryEstimate need = plan.memory();
    if (need == null || total == 0) {
      return Optional.empty();
    }
    return refusal(planned)
        .or(() -> lack(plan, need, free(), 1).map(lack -> misfit(planned, lack)))
        .or(() -> slowly(planned, need));
  }

  /**
   * What a user is told of a phase that needs more than there is, even if nobody else used any and
   * the estimate were as much too high as it can be: it would fail when its turn comes, after days.
   * Empty of all others.
   *
   * <p>What a scan will choose counts with what it needs wherever it lies: its blocks may be others
   * than those that stand in for them, and so may be the devices and the activations. Where a scan
   * decides how much is trained, nothing is certain.
   */
  Optional<String> refusal(PlannedPhase planned) {
    @Nullable MemoryEstimate need = planned.plan().memory();
    if (need == null || total == 0 || !planned.target().exact()) {
      return Optional.empty();
    }
    boolean scans = planned.phase().trained().targeting() instanceof Targeting.Snr;
    long wherever = need.unmappedBytes() - need.activationBytes();
    if (scans && wherever <= BEYOND * most.all && need.hostBytes() <= BEYOND * most.host) {
      return Optional.empty();
    }
    Room room = scans ? new Room(most.all, Map.of(), most.host) : most;
    return lack(planned.plan(), need, room, BEYOND).map(lack -> misfit(planned, lack));
  }

  private String misfit(PlannedPhase planned, String lack) {
    return "phase %s does not fit: %s%s".formatted(planned.phase().name(), lack, help(planned));
  }

  private Optional<String> slowly(PlannedPhase planned, MemoryEstimate need) {
    return need.totalBytes() <= available
        ? Optional.empty()
        : Optional.of(
            "phase %s needs %s with its mapped weights, and %s has %s: it would read them from the disk again and again%s"
                .formatted(
                    planned.phase().name(),
                    Numbers.bytes(need.totalBytes()),
                    planned.plan().compute().device(),
                    Numbers.bytes(available),
                    help(planned)));
  }

  private String help(PlannedPhase planned) {
    return ". This would help: " + String.join("; ", remedies(planned));
  }

  /** Where a phase needs more than some memory, be it by a factor; empty where it does not. */
  private Optional<String> lack(PhasePlan plan, MemoryEstimate need, Room room, double factor) {
    if (need.hostBytes() > factor * room.host) {
      return Optional.of(
          "optimizer_offload keeps %s on the CPU, which has %s"
              .formatted(Numbers.bytes(need.hostBytes()), Numbers.bytes(room.host)));
    }
    for (DeviceNeed place : plan.deviceNeeds()) {
      @Nullable Long there = room.byDevice.get(place.device());
      if (there != null && place.bytes() > factor * there) {
        return Optional.of(
            "it needs %s on %s, which has %s"
                .formatted(Numbers.bytes(place.bytes()), place.device(), Numbers.bytes(there)));
      }
    }
    return need.unmappedBytes() <= factor * room.all
        ? Optional.empty()
        : Optional.of(
            "it needs %s, and %s has %s%s"
                .formatted(
                    Numbers.bytes(need.unmappedBytes()),
                    plan.compute().device(),
                    Numbers.bytes(room.all),
                    room.all > total ? " with its swap" : ""));
  }
}
