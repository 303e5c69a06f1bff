package dev.polyphase.kernels;

import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A libtorch for CUDA as it can be loaded where there is no driver. DJL loads all of its libraries
 * beforehand, and the one by which libtorch compiles kernels on a GPU needs the driver's. So this
 * is a folder of links to the others, which goes when the process ends. Libraries look for CUDA's
 * from where they were loaded: what lies beside pip's {@code torch} is linked at its place too.
 */
final class DriverlessView {
  private static final String NEEDS_DRIVER = "libcaffe2_nvrtc.so";

  private DriverlessView() {}

  /** The folder to load from, in place of another. */
  static Path of(Path libraries) throws IOException {
    Path view = TemporaryFolder.create("libtorch").path();
    Path lib = Files.createDirectories(view.resolve("torch").resolve("lib"));
    try (DirectoryStream<Path> found = Files.newDirectoryStream(libraries)) {
      for (Path file : found) {
        if (!file.endsWith(NEEDS_DRIVER)) {
          Files.createSymbolicLink(lib.resolve(file.getFileName()), file.toAbsolutePath());
        }
      }
    }
    @Nullable Path torch = libraries.toAbsolutePath().getParent();
    @Nullable Path packages = torch == null ? null : torch.getParent();
    for (String name : new String[] {"nvidia", "cusparselt"}) {
      if (packages != null && Files.isDirectory(packages.resolve(name))) {
        Files.createSymbolicLink(view.resolve(name), packages.resolve(name));
      }
    }
    return lib;
  }
}
