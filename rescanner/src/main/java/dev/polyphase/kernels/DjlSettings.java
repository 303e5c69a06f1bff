package dev.polyphase.kernels;

import ai.djl.util.Utils;
import dev.polyphase.pipelines.problems.InputException;
import java.io.File;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What DJL reads once, when the first of its classes needs it: to be told before anything of DJL is
 * used. What the user set stays.
 */
public final class DjlSettings {
  /** Where the user names another libtorch. */
  static final String LIBRARY_PATH = "PYTORCH_LIBRARY_PATH";

  private static final String JNA_PATH = "jna.library.path";

  /** Its makers are told nothing, and no build of it for a GPU is fetched. */
  private static final Map<String, String> OFF_THE_NETWORK =
      Map.of("ai.djl.offline", "true", "OPT_OUT_TRACKING", "true", "RUST_FLAVOR", "cpu");

  private static boolean made;

  private DjlSettings() {}

  /**
   * Makes the settings, once.
   *
   * @throws InputException where others could change the native libraries
   */
  public static synchronized void make() {
    if (made) {
      return;
    }
    OFF_THE_NETWORK.forEach(
        (property, value) -> {
          if (System.getProperty(property) == null) {
            System.setProperty(property, value);
          }
        });
    NativeFolder.chosen();
    made = true;
    String libtorch = Utils.getEnvOrSystemProperty(LIBRARY_PATH);
    if (libtorch != null) {
      CudaRuntime.folder(libtorch)
          .ifPresent(folder -> System.setProperty(JNA_PATH, with(folder.toString())));
    }
  }

  private static String with(String folder) {
    return Stream.of(System.getProperty(JNA_PATH, ""), folder)
        .filter(path -> !path.isEmpty())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
