package dev.polyphase.trl;

import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder {@code engine/} of a phase, in which Polyphase and the driver meet. What each file
 * holds is in the module's README.
 */
record EngineFolder(Path path) {
  private static final Pattern CHECKPOINT = Pattern.compile("checkpoint-(\\d{1,18})");

  /** What is to be done; the last file that is written of a job. */
  Path job() {
    return path.resolve("job.json");
  }

  /** The names of the tensors that are trained. */
  Path trainable() {
    return path.resolve("trainable.txt");
  }

  Path trainRows() {
    return path.resolve("train.jsonl");
  }

  Path evalRows() {
    return path.resolve("eval.jsonl");
  }

  Path driver() {
    return path.resolve("driver.py");
  }

  /** All that the processes say. */
  Path log() {
    return path.resolve("driver.log");
  }

  Path progress() {
    return path.resolve("progress.jsonl");
  }

  Path heartbeat() {
    return path.resolve("heartbeat.json");
  }

  Path outcome() {
    return path.resolve("outcome.json");
  }

  /** Whoever makes this file ends the job after its step, with a checkpoint. */
  Path stop() {
    return path.resolve("stop");
  }

  /** Whoever makes this file has a checkpoint saved after the step. */
  Path save() {
    return path.resolve("save");
  }

  Path checkpoints() {
    return path.resolve("checkpoints");
  }

  /** The trained tensors, once all steps are taken. */
  Path trained() {
    return path.resolve("trained");
  }

  /** What those are; the last file that is written of them. */
  Path trainedManifest() {
    return trained().resolve("manifest.json");
  }

  /** The step of the newest checkpoint that is complete; 0 where there is none. */
  long newestCheckpoint() throws IOException {
    if (!Files.isDirectory(checkpoints())) {
      return 0;
    }
    try (Stream<Path> entries = Files.list(checkpoints())) {
      return entries
          .filter(entry -> Files.isRegularFile(entry.resolve("manifest.json")))
          .map(entry -> CHECKPOINT.matcher(entry.getFileName().toString()))
          .filter(Matcher::matches)
          .map(name -> Long.valueOf(name.group(1)))
          .max(Comparator.naturalOrder())
          .orElse(0L);
    }
  }

  /**
   * Empties the place for another job: what was, with its checkpoints, gets another name; without
   * any it is removed.
   *
   * @return the other name
   */
  Optional<Path> clear() throws IOException {
    boolean isWorthKeeping = newestCheckpoint() > 0;
    // First, so that half of a folder is never taken for a job.
    Files.deleteIfExists(job());
    if (!isWorthKeeping) {
      FolderTree.remove(path);
      return Optional.empty();
    }
    int number = 1;
    while (Files.exists(old(number), LinkOption.NOFOLLOW_LINKS)) {
      number++;
    }
    return Optional.of(Files.move(path, old(number)));
  }

  private Path old(int number) {
    return path.resolveSibling(path.getFileName() + ".old-" + number);
  }

  /** The bytes of the log. */
  long logBytes() throws IOException {
    return Files.isRegularFile(log()) ? Files.size(log()) : 0;
  }

  /**
   * The line of the log that tells most of why it ended; empty where there is none.
   *
   * @param from where the attempt's part of it begins
   */
  Optional<String> lastWords(long from) throws IOException {
    return Files.isRegularFile(log()) ? LogTail.telling(log(), from) : Optional.empty();
  }
}
