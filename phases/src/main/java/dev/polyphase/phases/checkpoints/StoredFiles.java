package dev.polyphase.phases.checkpoints;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Files that are in a checkpoint and beside it as well. */
public final class StoredFiles {
  static final String SAFETENSORS = ".safetensors";

  private StoredFiles() {}

  /**
   * Gives a file that is not changed any more a second name, or where the file system has no such
   * thing, a copy.
   *
   * @param target replaced where it exists
   */
  public static void linkOrCopy(Path existing, Path target) throws IOException {
    try {
      Files.deleteIfExists(target);
      Files.createLink(target, existing);
    } catch (IOException | UnsupportedOperationException e) {
      try {
        Files.copy(existing, target);
        try (FileChannel channel = FileChannel.open(target, StandardOpenOption.WRITE)) {
          channel.force(true);
        }
      } catch (IOException failed) {
        throw FileFailure.writing(target, failed);
      }
    }
  }
}
