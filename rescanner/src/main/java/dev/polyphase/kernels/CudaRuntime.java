package dev.polyphase.kernels;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * CUDA's runtime library, by which DJL counts GPUs. libtorch knows where its own is; DJL asks JNA,
 * which looks where the system does and in {@code jna.library.path}.
 */
final class CudaRuntime {
  /** From libtorch's folder: beside it, and where pip puts the wheels of CUDA 12 and of CUDA 13. */
  private static final List<String> PLACES =
      List.of(".", "../../nvidia/cuda_runtime/lib", "../../nvidia/cu13/lib");

  private CudaRuntime() {}

  /**
   * The folder of the runtime that a libtorch comes with. Of several the first: of what lies in all
   * folders JNA takes the newest version, for which the driver may be too old.
   *
   * @param libraryPath as {@code PYTORCH_LIBRARY_PATH}: folders, or a library's file
   */
  static Optional<Path> folder(String libraryPath) {
    for (String entry : libraryPath.split(File.pathSeparator, -1)) {
      try {
        Path libtorch = Path.of(entry).toRealPath();
        Path folder = Files.isDirectory(libtorch) ? libtorch : libtorch.resolveSibling("");
        for (String place : PLACES) {
          Path candidate = folder.resolve(place).normalize();
          if (holdsRuntime(candidate)) {
            return Optional.of(candidate);
          }
        }
      } catch (IOException | InvalidPathException e) {
        // An entry that is not there; DJL passes over it too.
      }
    }
    return Optional.empty();
  }

  private static boolean holdsRuntime(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    // A name such as libcudart-9335f6a2.so.12, as in wheels that hold all of CUDA, JNA does not
    // find.
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "libcudart.so*")) {
      return found.iterator().hasNext();
    }
  }
}
