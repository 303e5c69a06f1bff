package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.machine.GpuMemory;
import dev.polyphase.orchestrator.machine.ResidentMemory;
import dev.polyphase.orchestrator.machine.SystemMemory;
import dev.polyphase.phases.api.Compute;
import dev.polyphase.phases.api.DeviceNeed;
import dev.polyphase.phases.api.MemoryEstimate;
import dev.polyphase.phases.api.PhasePlan;
import dev.polyphase.phases.api.ProcessShare;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a user is told of a phase that ran out of memory. */
final class MemoryFailure {
  private static final int REMEDIES = 3;

  private MemoryFailure() {}

  /** A phase for whose tensors the device, or the CPU beside it, had no room. */
  static String onDevice(PlannedPhase planned) {
    PhasePlan plan = planned.plan();
    boolean beside = plan.memory() != null && plan.memory().offload() != null;
    return sentence(
        planned,
        "phase %s ran out of memory%s%s"
            .formatted(
                planned.phase().name(),
                onDevice(plan.compute()),
                beside ? ", or on the CPU, where optimizer_offload keeps masters and states" : ""),
        beside ? eitherSide(planned) : remedies(planned));
  }

  /** A phase for whose rows and lists Java had no room. */
  static String inJava(PlannedPhase planned, OutOfMemoryError failure) {
    long heap = Runtime.getRuntime().maxMemory();
    List<String> remedies = new ArrayList<>();
    remedies.add("POLYPHASE_JAVA_OPTS=-Xmx%dm".formatted(2 * (heap >> 20)));
    remedies.addAll(remedies(planned));
    return sentence(
        planned,
        "phase %s ran out of Java's own memory of %s (%s)"
            .formatted(planned.phase().name(), Numbers.bytes(heap), failure.getMessage()),
        remedies);
  }

  private static List<String> remedies(PlannedPhase planned) {
    return Remedies.of(planned.phase(), planned.plan(), hostAvailable().orElse(Long.MAX_VALUE));
  }

  /** What helps both comes first, as libtorch does not always tell which of them it was. */
  private static List<String> eitherSide(PlannedPhase planned) {
    Set<String> remedies = new LinkedHashSet<>(Remedies.trainingLess(planned.phase()));
    remedies.add("optimizer_offload: false if the CPU lacks it");
    remedies.addAll(remedies(planned));
    return List.copyOf(remedies);
  }

  private static String sentence(PlannedPhase planned, String head, List<String> remedies) {
    @Nullable MemoryEstimate need = planned.plan().memory();
    return "%s: %sthis would help most: %s"
        .formatted(
            head,
            need == null
                ? share(planned.plan())
                : "the estimate was %s; ".formatted(estimate(planned.plan(), need)),
            String.join("; ", remedies.subList(0, Math.min(REMEDIES, remedies.size()))));
  }

  /** What is known of a phase that other processes train. */
  private static String share(PhasePlan plan) {
    @Nullable ProcessShare share = plan.share();
    return share == null
        ? ""
        : "%s %s of weights, gradients and states, and its activations come on top; "
            .formatted(
                share.processes() == 1
                    ? "its process holds"
                    : "each of its %d processes holds".formatted(share.processes()),
                Numbers.bytes(share.bytes()));
  }

  /** Beside it what there was or is, where that is known. */
  private static String estimate(PhasePlan plan, MemoryEstimate need) {
    String there = Numbers.bytes(need.totalBytes());
    if (need.offload() == null) {
      return there + room(plan);
    }
    String here =
        hostAvailable().stream()
            .mapToObj(bytes -> ", the CPU has %s available".formatted(Numbers.bytes(bytes)))
            .findFirst()
            .orElse("");
    return "%s%s and %s on the CPU%s%s"
        .formatted(
            there, onDevice(plan.compute()), Numbers.bytes(need.hostBytes()), room(plan), here);
  }

  private static String onDevice(Compute compute) {
    return compute.device() == null ? "" : " on " + compute.device();
  }

  private static OptionalLong hostAvailable() {
    try {
      SystemMemory memory = SystemMemory.now();
      return memory.total() == 0 ? OptionalLong.empty() : OptionalLong.of(memory.available());
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /** Where it is not known, nothing. */
  private static String room(PhasePlan plan) {
    List<String> devices = plan.deviceNeeds().stream().map(DeviceNeed::device).distinct().toList();
    return devices.stream()
        .map(
            device ->
                device.equals("cpu")
                    ? peak()
                    : free(device, devices.size() == 1 ? "the device" : device))
        .collect(Collectors.joining());
  }

  private static String peak() {
    try {
      return ResidentMemory.peak().stream()
          .mapToObj(bytes -> ", this process had " + Numbers.bytes(bytes) + " at its peak")
          .findFirst()
          .orElse("");
    } catch (IOException e) {
      return "";
    }
  }

  /** The phase is closed by now, and what it had is free again. */
  private static String free(String device, String name) {
    return GpuMemory.of(device)
        .map(
            memory ->
                ", %s has %s free of %s without the phase"
                    .formatted(
                        name,
                        Numbers.bytes(memory.freeBytes()),
                        Numbers.bytes(memory.totalBytes())))
        .orElse("");
  }
}
