package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.NativeFolder;
import dev.polyphase.orchestrator.index.KnownFolders;
import dev.polyphase.prepared.RowCache;
import dev.polyphase.rescanner.SpectrumCache;
import java.nio.file.Path;
import java.util.Map;

/**
 * The folder of what is kept between commands.
 *
 * @param path {@code POLYPHASE_HOME}, else {@code ~/.polyphase}
 */
record PolyphaseHome(Path path) {

  static PolyphaseHome of(Map<String, String> environment, Path userHome) {
    return new PolyphaseHome(NativeFolder.home(environment, userHome));
  }

  /** Rows that were made into tokens. */
  RowCache rows() {
    return new RowCache(path.resolve("cache").resolve("rows"));
  }

  /** The folders of runs. */
  KnownFolders runs() {
    return new KnownFolders(path);
  }

  /** What earlier scans computed. */
  SpectrumCache spectra() {
    return new SpectrumCache(path.resolve("cache").resolve("spectra"));
  }
}
