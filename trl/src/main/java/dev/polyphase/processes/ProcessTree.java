package dev.polyphase.processes;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A process and all that came of it: its descendants, and where the system tells what variables a
 * process was started with (Linux), also those whose parents have ended, in whatever session they
 * are.
 */
public final class ProcessTree {
  private static final Path PROC = Path.of("/proc");
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(20);

  private final ProcessMark root;
  private final @Nullable String variable;

  private ProcessTree(ProcessMark root, @Nullable String variable) {
    this.root = root;
    this.variable = variable;
  }

  /** A process with its descendants. */
  public static ProcessTree of(ProcessHandle root) {
    return of(ProcessMark.of(root));
  }

  /** A process with its descendants. */
  public static ProcessTree of(ProcessMark root) {
    return new ProcessTree(root, null);
  }

  /**
   * A process with all that were started with a variable.
   *
   * @param variable as in {@code NAME=VALUE}; no process has it but those
   */
  public static ProcessTree of(ProcessMark root, String variable) {
    return new ProcessTree(root, variable);
  }

  /** Those of it that have not ended; parents come before their children where both live. */
  public List<ProcessHandle> alive() {
    return alive(found(new LinkedHashSet<>()));
  }

  /**
   * Ends all of it at once, and returns when all have ended.
   *
   * @throws IOException where one does not end though it was killed, as one that waits for a broken
   *     device or disk
   */
  public void kill() throws IOException {
    long until = System.nanoTime() + LIMIT.toNanos();
    // What was seen once belongs to it, also when its parent is gone and nothing shows it any more.
    Set<ProcessMark> seen = new LinkedHashSet<>();
    List<ProcessHandle> alive = alive(found(seen));
    while (!alive.isEmpty()) {
      if (System.nanoTime() - until > 0) {
        throw new IOException(
            "process %s was killed and does not end; see what holds it, or start the machine anew"
                .formatted(
                    alive.stream()
                        .map(process -> Long.toString(process.pid()))
                        .collect(Collectors.joining(", "))));
      }
      // A handle knows when its process began, and kills no other.
      alive.forEach(ProcessHandle::destroyForcibly);
      pause();
      alive = alive(found(seen));
    }
  }

  private static List<ProcessHandle> alive(Set<ProcessMark> seen) {
    return seen.stream().flatMap(mark -> mark.handle().stream()).collect(Collectors.toList());
  }

  /** Adds what there is now. */
  private Set<ProcessMark> found(Set<ProcessMark> seen) {
    if (root.isAlive()) {
      seen.add(root);
    }
    if (variable != null && root.isHere()) {
      startedWith(variable).forEach(process -> seen.add(ProcessMark.of(process)));
    }
    alive(seen).stream()
        .flatMap(ProcessHandle::descendants)
        .map(ProcessMark::of)
        .forEach(seen::add);
    return seen;
  }

  private static List<ProcessHandle> startedWith(String variable) {
    List<ProcessHandle> found = new ArrayList<>();
    String sought = "\0" + variable + "\0";
    try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path process : processes) {
        if (("\0" + variables(process)).contains(sought)) {
          ProcessHandle.of(Long.parseLong(process.getFileName().toString())).ifPresent(found::add);
        }
      }
    } catch (IOException | RuntimeException e) {
      // Another system: its descendants are all that can be found.
      return found;
    }
    return found;
  }

  private static String variables(Path process) {
    try {
      return new String(
          Files.readAllBytes(process.resolve("environ")), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      // It has ended, or is another user's.
      return "";
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(LOOK.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("interrupted").initCause(e);
    }
  }
}
