package dev.polyphase.orchestrator.index;

import dev.polyphase.weights.AtomicFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The run folders known on this machine: a small file for each in {@code POLYPHASE_HOME/runs}, so
 * that a run needs no database to be found by one later.
 */
public final class KnownFolders {
  private static final Pattern ID = Pattern.compile("[0-9a-f]{12}");
  private static final int ID_BYTES = 6;

  private final Path folder;

  /** Those of {@code POLYPHASE_HOME}. */
  public KnownFolders(Path home) {
    folder = home.toAbsolutePath().normalize().resolve("runs");
  }

  /** What a run is called by: the digest of its folder's absolute path. */
  public static String id(Path run) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(absolute(run).toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest, 0, ID_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static Path absolute(Path run) {
    return run.toAbsolutePath().normalize();
  }

  /** Remembers a folder, as far as that can be written: no run depends on being found. */
  public void add(Path run) {
    Path file = folder.resolve(id(run));
    try {
      if (!Files.exists(file)) {
        Files.createDirectories(folder);
        AtomicFiles.writeString(file, absolute(run) + "\n");
      }
    } catch (IOException | InvalidPathException e) {
      // It is found where someone looks for it: polyphase runs DIR.
      return;
    }
  }

  /**
   * Remembers a run's folder and the one that the paths in its pipeline are relative to, which its
   * own folder does not tell.
   */
  public void add(Path run, Path pipelineFolder) {
    add(run);
    Path file = pipelineFolderFile(run);
    try {
      if (!pipelineFolder(run).equals(Optional.of(absolute(pipelineFolder)))) {
        AtomicFiles.writeString(file, absolute(pipelineFolder) + "\n");
      }
    } catch (IOException | InvalidPathException e) {
      // It can be run again from where its pipeline is.
      return;
    }
  }

  /** The folder that the paths in a run's pipeline are relative to, where that is remembered. */
  public Optional<Path> pipelineFolder(Path run) {
    return Optional.of(read(pipelineFolderFile(run))).filter(Path::isAbsolute);
  }

  private Path pipelineFolderFile(Path run) {
    return folder.resolve(id(run) + ".pipeline-folder");
  }

  /** Forgets a folder. */
  public void remove(Path run) {
    try {
      Files.deleteIfExists(pipelineFolderFile(run));
      Files.deleteIfExists(folder.resolve(id(run)));
    } catch (IOException e) {
      // What is there and holds no run is passed over.
      return;
    }
  }

  /** All of them, whether they are there still or not. */
  public List<Path> all() throws IOException {
    List<Path> runs = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        for (Path file : files.sorted().toList()) {
          String name = file.getFileName().toString();
          Path run = ID.matcher(name).matches() ? read(file) : Path.of("");
          // Another's file, or one that was changed: its name would be another.
          if (run.isAbsolute() && id(run).equals(name)) {
            runs.add(run);
          }
        }
      }
    }
    return runs;
  }

  private static Path read(Path file) {
    try {
      return Path.of(Files.readString(file).strip());
    } catch (IOException | InvalidPathException e) {
      return Path.of("");
    }
  }

  /** What tells these from those of another {@code POLYPHASE_HOME} in one database. */
  String home() throws IOException {
    Path file = folder.resolve("home-id");
    if (Files.isRegularFile(file)) {
      return Files.readString(file).strip();
    }
    Files.createDirectories(folder);
    String id = UUID.randomUUID().toString();
    AtomicFiles.writeString(file, id + "\n");
    return id;
  }
}
