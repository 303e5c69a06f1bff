package dev.polyphase.orchestrator;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * A file system of its own that is small enough to fill, in memory: what is written to it when it
 * is full fails as on any full disk. To mount one takes root; elsewhere the test is skipped.
 *
 * <p>Space is given out by pages. On a full disk empty files can still be made, and the last page
 * of a file still takes what fits into it.
 */
public final class SmallDisk implements AutoCloseable {
  /** In what space is given out. */
  public static final int PAGE = 4096;

  private static final String FILLER = ".filler";

  private final Path root;

  private SmallDisk(Path root) {
    this.root = root;
  }

  /**
   * Mounts a disk, or skips the test that asks for it.
   *
   * @param folder where; an empty folder
   * @param bytes its size
   */
  public static SmallDisk mount(Path folder, long bytes) throws IOException {
    Ended mounted =
        ran("mount", "-t", "tmpfs", "-o", "size=" + bytes, "polyphase-test", folder.toString());
    assumeTrue(mounted.code == 0, "no small disk can be mounted here: " + mounted.said);
    return new SmallDisk(folder);
  }

  /** Its root folder. */
  public Path root() {
    return root;
  }

  /** What is free, in bytes. */
  public long freeBytes() {
    try {
      return Files.getFileStore(root).getUsableSpace();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes all the space that is free. */
  public void fill() {
    fillBut(0);
  }

  /**
   * Takes the space that is free but for this much, in whole pages; what a filling took before is
   * free for it.
   */
  public void fillBut(long bytes) {
    makeRoom();
    try (FileChannel filler =
        FileChannel.open(
            root.resolve(FILLER), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long pages = pagesBeyond(bytes); pages > 0; pages = pagesBeyond(bytes)) {
        for (long i = 0; i < pages; i++) {
          filler.write(ByteBuffer.allocate(PAGE));
        }
      }
    } catch (IOException e) {
      // Another thread may have taken what was free a moment ago: it is full then.
      if (!FileFailure.isDiskFull(e)) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private long pagesBeyond(long bytes) {
    return (freeBytes() - bytes) / PAGE;
  }

  /** Gives back what a filling took. */
  public void makeRoom() {
    try {
      Files.deleteIfExists(root.resolve(FILLER));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Takes the disk away with all that is on it; who still reads from it keeps what it has open. */
  @Override
  public void close() throws IOException {
    Ended unmounted = ran("umount", "--lazy", root.toString());
    if (unmounted.code != 0) {
      throw new IOException("the disk at " + root + " is still there: " + unmounted.said);
    }
  }

  private record Ended(int code, String said) {}

  private static Ended ran(String... command) throws IOException {
    Process process = new ProcessBuilder(List.of(command)).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    try {
      return new Ended(process.waitFor(), said.strip());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
