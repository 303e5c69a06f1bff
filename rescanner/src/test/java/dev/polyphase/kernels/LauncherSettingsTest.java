package dev.polyphase.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LauncherSettingsTest {
  @Test
  void leavesOutWhatTheLauncherSetAndNothingElse() {
    Map<String, String> environment =
        new HashMap<>(
            Map.of(
                "MALLOC_ARENA_MAX", "1",
                "MALLOC_TRIM_THRESHOLD_", "5",
                "POLYPHASE_JAVA_SETTINGS", " MALLOC_ARENA_MAX GLIBC_TUNABLES",
                "PATH", "/bin"));

    LauncherSettings.leaveOut(environment);
    assertThat(environment).isEqualTo(Map.of("MALLOC_TRIM_THRESHOLD_", "5", "PATH", "/bin"));

    LauncherSettings.leaveOut(environment);
    assertThat(environment).hasSize(2);
  }
}
