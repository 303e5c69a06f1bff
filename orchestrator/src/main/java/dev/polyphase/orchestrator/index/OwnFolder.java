package dev.polyphase.orchestrator.index;

import dev.polyphase.kernels.TrustedFolder;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/** Folders of the queue and the database, which this user alone may read and write. */
public final class OwnFolder {
  private OwnFolder() {}

  /**
   * Makes it where it is not there.
   *
   * @throws dev.polyphase.pipelines.problems.InputException where others could write to it: they
   *     would decide what is run
   */
  public static void create(Path folder) throws IOException {
    boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
    FileAttribute<?>[] mine =
        posix
            ? new FileAttribute<?>[] {
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
            }
            : new FileAttribute<?>[0];
    try {
      Files.createDirectories(folder, mine);
    } catch (IOException e) {
      throw FileFailure.writing(folder, e);
    }
    TrustedFolder.check(folder, List.of(), "change what is queued and run", "POLYPHASE_HOME");
  }
}
