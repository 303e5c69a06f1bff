package dev.polyphase.kernels;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The variables that the launcher sets for libtorch in this process: how its threads wait, and what
 * the C library does with memory. A Python has its own ways.
 */
public final class LauncherSettings {
  /** The variable by which the launcher says which it set. */
  private static final String NAMES = "POLYPHASE_JAVA_SETTINGS";

  private LauncherSettings() {}

  /** Takes them out of the environment of another process; those of the user stay. */
  public static void leaveOut(Map<String, String> environment) {
    @Nullable String set = environment.remove(NAMES);
    if (set != null) {
      environment.keySet().removeAll(List.of(set.strip().split(" ")));
    }
  }
}
