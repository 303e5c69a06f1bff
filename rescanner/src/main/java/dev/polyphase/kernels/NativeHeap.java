package dev.polyphase.kernels;

import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Map;
import javax.management.JMException;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;

/**
 * The memory of the C library, from which libtorch takes a CPU's arrays. The launcher has it keep
 * what is freed: the next step needs as much, and fresh pages cost a training step up to half of
 * its time. So what is no longer needed has to be given back.
 */
public final class NativeHeap {
  /** The variable by which the launcher says which variables it set, for Java alone. */
  private static final String SETTINGS = "POLYPHASE_HEAP_SETTINGS";

  private NativeHeap() {}

  /** Gives the system back what is free, where Java can have the C library do so: on Linux. */
  public static void giveBack() {
    try {
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "systemTrimNativeHeap",
              new Object[0],
              new String[0]);
    } catch (JMException | RuntimeException e) {
      // Not every Java has this command. What is free is then used by what comes next.
    }
  }

  /**
   * Takes the launcher's settings out of the environment of another process; those of the user
   * stay.
   */
  public static void leaveOutSettings(Map<String, String> environment) {
    @Nullable String set = environment.remove(SETTINGS);
    if (set != null) {
      environment.keySet().removeAll(List.of(set.strip().split(" ")));
    }
  }
}
