package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseState.StartFile;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Reference;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The files of weights that a phase is trained from, and those of its reference, to notice at a
 * next start that they changed. A file that is cut while it is mapped ends the process without a
 * word.
 *
 * <p>Files of equal length and time are the same. Where the time alone differs, as of a model that
 * was downloaded again, a sample of the bytes decides: those of the beginning, which hold all names
 * and shapes, and others in equal distances.
 */
final class StartFiles {
  private static final int BEGINNING = 1 << 16;
  private static final int SPOTS = 256;
  private static final int SPOT = 256;

  private StartFiles() {}

  /** The files of a checkpoint as they are now. */
  static List<StartFile> of(Checkpoint checkpoint) throws IOException {
    List<StartFile> files = new ArrayList<>();
    for (Path file : checkpoint.weightFiles()) {
      files.add(of(file));
    }
    return files;
  }

  /** Likewise of the model of another folder that is a phase's reference, with its config.json. */
  static List<StartFile> ofReference(Phase phase, RunRequest request) throws IOException {
    Optional<Path> folder = referenceFolder(phase, request);
    if (folder.isEmpty()) {
      return List.of();
    }
    List<StartFile> files = of(Checkpoint.open(folder.get()));
    files.add(of(folder.get().resolve("config.json")));
    return files;
  }

  /** The folder of a phase's reference, where that is a model of its own. */
  static Optional<Path> referenceFolder(Phase phase, RunRequest request) {
    return phase
        .reference()
        .filter(Reference.Checkpoint.class::isInstance)
        .map(other -> request.folder().resolve(((Reference.Checkpoint) other).path()));
  }

  private static StartFile of(Path file) throws IOException {
    return new StartFile(
        String.valueOf(file.getFileName()), Files.size(file), modified(file), sample(file));
  }

  /** What is not as it was, in words that go on a sentence; empty where it is the same. */
  static Optional<String> change(Path folder, StartFile then) throws IOException {
    Path file = folder.resolve(then.name());
    if (!Files.isRegularFile(file)) {
      return Optional.of("%s had %s bytes and is gone".formatted(file, whole(then.bytes())));
    }
    long bytes = Files.size(file);
    if (bytes != then.bytes()) {
      return Optional.of(
          "%s had %s bytes and has %s now".formatted(file, whole(then.bytes()), whole(bytes)));
    }
    if (modified(file).equals(then.modified()) || sample(file).equals(then.sample())) {
      return Optional.empty();
    }
    return Optional.of(
        "%s has %s bytes as before, but others, which were written at %s"
            .formatted(file, whole(bytes), modified(file)));
  }

  private static String whole(long bytes) {
    return Numbers.whole(bytes);
  }

  private static String modified(Path file) throws IOException {
    return Files.getLastModifiedTime(file).toInstant().toString();
  }

  private static String sample(Path file) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      add(channel, 0, BEGINNING, digest);
      for (int spot = 0; spot < SPOTS; spot++) {
        // size * spot may be more than a long holds.
        long position = size / SPOTS * spot + size % SPOTS * spot / SPOTS;
        add(channel, position, SPOT, digest);
      }
      add(channel, Math.max(0, size - SPOT), SPOT, digest);
    } catch (IOException e) {
      throw FileFailure.reading(file, e);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(FileChannel channel, long position, int count, MessageDigest digest)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    while (bytes.hasRemaining() && channel.read(bytes, position + bytes.position()) >= 0) {
      // Until it is full, or the file ends.
    }
    digest.update(bytes.flip());
  }
}
