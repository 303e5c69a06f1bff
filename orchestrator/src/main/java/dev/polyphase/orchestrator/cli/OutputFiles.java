package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The files that {@code -o} names. */
final class OutputFiles {

  private OutputFiles() {}

  /**
   * Checks, before any work, that a file can be written where the user wants it.
   *
   * @throws InputException where its folder does not exist, or a folder has its name
   */
  static void requirePlace(Path file) {
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || Files.isDirectory(file)) {
      throw new InputException("-o " + file + " is a folder; name a file");
    }
    if (!Files.isDirectory(folder)) {
      throw new InputException("-o " + file + ": there is no folder " + folder + "; make it first");
    }
  }
}
