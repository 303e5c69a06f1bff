package dev.polyphase.kernels;

import ai.djl.util.Utils;
import dev.polyphase.pipelines.problems.InputException;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What DJL reads once, when the first of its classes needs it: to be told before anything of DJL is
 * used. What the user set stays.
 */
public final class DjlSettings {
  /** Where the user names another libtorch. */
  static final String LIBRARY_PATH = "PYTORCH_LIBRARY_PATH";

  private static final String VERSION = "PYTORCH_VERSION";
  private static final String FLAVOR = "PYTORCH_FLAVOR";

  /** DJL's native layer for any CUDA 12: it calls libtorch alone, not CUDA. */
  private static final String CUDA_FLAVOR = "cu128";

  private static final String JNA_PATH = "jna.library.path";

  /** Its makers are told nothing, and no build of it for a GPU is fetched. */
  private static final Map<String, String> OFF_THE_NETWORK =
      Map.of("ai.djl.offline", "true", "OPT_OUT_TRACKING", "true", "RUST_FLAVOR", "cpu");

  private static boolean made;

  private static String origin = "";
  private static @Nullable Path chosen;

  private DjlSettings() {}

  /**
   * Makes the settings, once.
   *
   * @throws InputException where others could change the native libraries, or where a libtorch is
   *     asked for that is not there
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
    try {
      origin = chooseLibtorch();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    made = true;
  }

  /** Why the libtorch is loaded that is, as a sentence without its full stop. */
  static synchronized String origin() {
    return origin;
  }

  /** The folder of the libtorch that was chosen; empty where DJL chooses. */
  static synchronized Optional<Path> chosen() {
    return Optional.ofNullable(chosen);
  }

  private static String chooseLibtorch() throws IOException {
    List<String> told =
        Stream.of(LIBRARY_PATH, VERSION, FLAVOR)
            .filter(name -> Utils.getEnvOrSystemProperty(name) != null)
            .toList();
    if (!told.isEmpty()) {
      String folders = Utils.getEnvOrSystemProperty(LIBRARY_PATH, "");
      findRuntime(folders);
      return folders.isEmpty()
          ? "the library is the one of which " + String.join(" and ", told) + " tell"
          : "the library is the one in " + folders + ", as " + LIBRARY_PATH + " says";
    }
    Path home = NativeFolder.home(System.getenv(), Path.of(System.getProperty("user.home")));
    LibtorchChoice choice = LibtorchChoice.of(System.getenv(), home, CudaDriver.present());
    if (choice.other().isPresent()) {
      tell(choice.other().get());
    }
    return choice.sentence();
  }

  private static void tell(TorchFolder folder) throws IOException {
    Path libraries = folder.path();
    chosen = libraries;
    findRuntime(libraries.toString());
    if (folder.hasCuda() && !CudaDriver.loads()) {
      libraries = DriverlessView.of(libraries);
    }
    System.setProperty(LIBRARY_PATH, libraries.toString());
    System.setProperty(VERSION, TorchFolder.NEEDED);
    System.setProperty(FLAVOR, folder.hasCuda() ? CUDA_FLAVOR : "cpu");
  }

  private static void findRuntime(String folders) {
    if (folders.isEmpty()) {
      return;
    }
    CudaRuntime.folder(folders)
        .ifPresent(folder -> System.setProperty(JNA_PATH, with(folder.toString())));
  }

  private static String with(String folder) {
    return Stream.of(System.getProperty(JNA_PATH, ""), folder)
        .filter(path -> !path.isEmpty())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
