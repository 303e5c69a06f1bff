package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.machine.GpuMemory;
import dev.polyphase.orchestrator.machine.ResidentMemory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What a user is told of a phase that ran out of memory. */
final class MemoryFailure {
  private static final int REMEDIES = 3;

  private MemoryFailure() {}

  /** A phase for whose tensors the device had no room. */
  static String onDevice(PlannedPhase planned) {
    String device = planned.plan().compute().device();
    return sentence(
        planned,
        "phase %s ran out of memory on %s".formatted(planned.phase().name(), device),
        remedies(planned));
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
    return Remedies.of(planned.phase(), planned.plan());
  }

  private static String sentence(PlannedPhase planned, String head, List<String> remedies) {
    return "%s: the estimate was %s%s; this would help most: %s"
        .formatted(
            head,
            Numbers.bytes(planned.plan().memory().totalBytes()),
            room(planned.plan().compute().device()),
            String.join("; ", remedies.subList(0, Math.min(REMEDIES, remedies.size()))));
  }

  /** Where it is not known, nothing. */
  private static String room(String device) {
    if (device.equals("cpu")) {
      try {
        return ResidentMemory.peak().stream()
            .mapToObj(bytes -> ", this process had " + Numbers.bytes(bytes) + " at its peak")
            .findFirst()
            .orElse("");
      } catch (IOException e) {
        return "";
      }
    }
    // The phase is closed by now, and what it had is free again.
    return GpuMemory.of(device)
        .map(
            memory ->
                ", the device has %s free of %s without the phase"
                    .formatted(
                        Numbers.bytes(memory.freeBytes()), Numbers.bytes(memory.totalBytes())))
        .orElse("");
  }
}
