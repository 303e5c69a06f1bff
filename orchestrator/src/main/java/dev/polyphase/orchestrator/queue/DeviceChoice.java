package dev.polyphase.orchestrator.queue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The devices that a run gets, or why it does not get any yet.
 *
 * @param kind which of them it is
 * @param devices those it gets; where it must wait those that nobody with less of a claim may take
 *     before it
 * @param setting what tells the run of a device that it did not name itself; or null
 */
record DeviceChoice(Kind kind, List<String> devices, @Nullable String setting) {
  private static final String AUTO = "auto";
  private static final String CUDA = "cuda";
  private static final String FIRST_CUDA = "cuda:0";

  DeviceChoice {
    devices = List.copyOf(devices);
  }

  /** Whether it gets any. */
  enum Kind {
    /** It does. */
    GRANTED,
    /** Others have them. */
    BUSY,
    /** This worker has none such. */
    LACKING
  }

  /**
   * Chooses.
   *
   * @param asked what the pipeline has: {@code auto}, {@code cuda}, {@code cpu}, {@code cuda:N},
   *     one or more
   * @param own the devices of the worker
   * @param free those of them that no run has
   */
  static DeviceChoice of(List<String> asked, List<String> own, Collection<String> free) {
    if (asked.size() == 1 && (asked.get(0).equals(AUTO) || asked.get(0).equals(CUDA))) {
      boolean any = asked.get(0).equals(AUTO);
      return any(own.stream().filter(device -> any || device.startsWith(CUDA)).toList(), free);
    }
    List<String> named =
        asked.stream().map(device -> device.equals(CUDA) ? FIRST_CUDA : device).distinct().toList();
    if (!own.containsAll(named)) {
      List<String> lacking = new ArrayList<>(named);
      lacking.removeAll(own);
      return new DeviceChoice(Kind.LACKING, lacking, null);
    }
    return new DeviceChoice(free.containsAll(named) ? Kind.GRANTED : Kind.BUSY, named, null);
  }

  private static DeviceChoice any(List<String> suitable, Collection<String> free) {
    if (suitable.isEmpty()) {
      return new DeviceChoice(Kind.LACKING, List.of(CUDA), null);
    }
    return suitable.stream()
        .filter(free::contains)
        .findFirst()
        .map(device -> new DeviceChoice(Kind.GRANTED, List.of(device), "device=" + device))
        .orElse(new DeviceChoice(Kind.BUSY, List.of(), null));
  }
}
