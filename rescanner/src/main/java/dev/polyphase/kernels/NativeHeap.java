package dev.polyphase.kernels;

import java.lang.management.ManagementFactory;
import javax.management.JMException;
import javax.management.ObjectName;

/**
 * The memory of the C library, from which libtorch takes a CPU's arrays. The launcher has it keep
 * what is freed: the next step needs as much, and fresh pages cost a training step up to half of
 * its time. So what is no longer needed has to be given back.
 */
public final class NativeHeap {
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
}
