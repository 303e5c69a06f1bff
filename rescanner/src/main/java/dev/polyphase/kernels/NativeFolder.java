package dev.polyphase.kernels;

import ai.djl.engine.EngineException;
import ai.djl.util.Utils;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import dev.polyphase.weights.FolderTree;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where the native libraries are unpacked that are in jars, by DJL libtorch and the tokenizers:
 * below {@code POLYPHASE_HOME}; where that can't be written to, in a temporary folder of this
 * process; or where the user tells DJL to.
 *
 * <p>Which files are whole is kept beside them, once a library has been loaded. What is not as it
 * says there, as after a process that was killed while it unpacked, is removed and unpacked anew,
 * by one process at a time.
 */
public final class NativeFolder {
  /** Names the folder of what is kept between commands. */
  public static final String HOME = "POLYPHASE_HOME";

  /** What DJL names its folders for libtorch, and for the tokenizers. */
  public static final String LIBTORCH = "pytorch";

  public static final String TOKENIZERS = "tokenizers";

  /** What DuckDB's library lies in, which its own loader would unpack anew for each process. */
  public static final String DUCKDB = "duckdb";

  /** What others could do who can write to a folder of libraries, as sentences say it. */
  static final String HARM = "put other code in the place of the native libraries";

  /** DJL's own settings for the place; the first has the last word on libraries. */
  private static final List<String> DJL_SETTINGS = List.of("ENGINE_CACHE_DIR", "DJL_CACHE_DIR");

  private static final String JNA_FOLDER = "jna.tmpdir";

  private static @Nullable NativeFolder chosen;

  private final Path path;
  private final boolean ours;
  private final String setting;

  private NativeFolder(Path path, boolean ours, String setting) {
    this.path = path;
    this.ours = ours;
    this.setting = setting;
  }

  /**
   * The folder of what is kept between commands: {@code POLYPHASE_HOME}, or {@code ~/.polyphase}.
   */
  public static Path home(Map<String, String> environment, Path userHome) {
    String home = environment.getOrDefault(HOME, "");
    return home.isEmpty() ? userHome.resolve(".polyphase") : Path.of(home);
  }

  /**
   * Does what unpacks and loads a library.
   *
   * @param engine {@link #LIBTORCH}, {@link #TOKENIZERS} or {@link #DUCKDB}
   * @throws InputException where others could change what is loaded
   * @throws UncheckedIOException that names the folder and what to set, where it can't be unpacked
   */
  public static <T> T load(String engine, Supplier<T> loading) {
    DjlSettings.make();
    synchronized (NativeFolder.class) {
      return chosen().loaded(engine, loading);
    }
  }

  /** Where one of them is unpacked. */
  public static Path folderOf(String engine) {
    return chosen().path.resolve(engine);
  }

  /** Chooses the folder, once, and tells DJL. */
  static synchronized NativeFolder chosen() {
    if (chosen == null) {
      try {
        chosen = choose(System.getenv(), Path.of(System.getProperty("user.home")));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      if (chosen.ours) {
        System.setProperty("DJL_CACHE_DIR", chosen.path.toString());
      }
      if (System.getProperty(JNA_FOLDER) == null) {
        System.setProperty(JNA_FOLDER, chosen.folderOfJna().toString());
      }
    }
    return chosen;
  }

  /** JNA, by which DJL asks CUDA, copies its library to a folder that all users share else. */
  private Path folderOfJna() {
    try {
      return ours && Files.isWritable(path)
          ? path.resolve("jna")
          : TemporaryFolder.create("jna").path();
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private static NativeFolder choose(Map<String, String> environment, Path userHome)
      throws IOException {
    for (String setting : DJL_SETTINGS) {
      String folder = Utils.getEnvOrSystemProperty(setting);
      if (folder != null && !folder.isEmpty()) {
        return trusted(new NativeFolder(Path.of(folder).toAbsolutePath(), false, setting));
      }
    }
    Path home = home(environment, userHome);
    // Java calls the home of a user that the system has no name for "?".
    if (userHome.isAbsolute() || !environment.getOrDefault(HOME, "").isEmpty()) {
      Path folder = home.toAbsolutePath().resolve("cache").resolve("native");
      NativeFolder kept = trusted(new NativeFolder(folder, true, HOME));
      if (kept.canBeWritten() || kept.isWhole(LIBTORCH)) {
        return kept;
      }
    }
    try {
      return trusted(new NativeFolder(TemporaryFolder.create("native").path(), true, HOME));
    } catch (FileSystemException e) {
      throw new FileSystemException(
          e.getFile(),
          null,
          "native libraries can be unpacked neither here nor in %s; set %s to a folder of yours"
              .formatted(home, HOME));
    }
  }

  private static NativeFolder trusted(NativeFolder folder) throws IOException {
    TrustedFolder.check(folder.path, List.of(LIBTORCH, TOKENIZERS, DUCKDB), HARM, folder.setting);
    return folder;
  }

  private boolean canBeWritten() {
    try {
      boolean posix = FileSystems.getDefault().supportedFileAttributeViews().contains("posix");
      FileAttribute<?>[] mine =
          posix
              ? new FileAttribute<?>[] {
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
              }
              : new FileAttribute<?>[0];
      Files.createDirectories(path, mine);
      return Files.isWritable(path);
    } catch (IOException e) {
      return false;
    }
  }

  private <T> T loaded(String engine, Supplier<T> loading) {
    try {
      if (!ours) {
        return loading.get();
      }
      if (isWhole(engine)) {
        T library = loading.get();
        // Another libtorch than before may have had its part unpacked beside the others'.
        if (!isWhole(engine)) {
          remember(engine);
        }
        return library;
      }
      try (FileChannel channel =
              FileChannel.open(
                  path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock lock = channel.lock()) {
        if (lock.isValid() && !isWhole(engine)) {
          FolderTree.remove(path.resolve(engine));
        }
        T library = loading.get();
        remember(engine);
        return library;
      }
    } catch (IOException e) {
      throw failure(e);
    } catch (EngineException | LinkageError e) {
      throw explained(e);
    }
  }

  /** Whether the files of an engine are those that were there when it was loaded last. */
  private boolean isWhole(String engine) {
    try {
      Path list = listOf(engine);
      return Files.isRegularFile(list) && Files.readString(list).equals(files(engine));
    } catch (IOException | UncheckedIOException e) {
      return false;
    }
  }

  private void remember(String engine) throws IOException {
    AtomicFiles.writeString(listOf(engine), files(engine));
  }

  private Path listOf(String engine) {
    return path.resolve(engine + ".files");
  }

  /** A line for each file: its bytes and its name. */
  private String files(String engine) throws IOException {
    Path folder = path.resolve(engine);
    if (!Files.isDirectory(folder)) {
      return "";
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(file -> !file.equals(folder))
          .sorted()
          .map(file -> size(file) + " " + folder.relativize(file) + "\n")
          .collect(Collectors.joining());
    }
  }

  private static long size(Path file) {
    try {
      return Files.isRegularFile(file) ? Files.size(file) : 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private RuntimeException explained(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof IOException io) {
        return failure(io);
      }
      if (String.valueOf(cause.getMessage()).contains("failed to map segment")) {
        return failure(new IOException("its disk is mounted so that nothing on it can be run"));
      }
    }
    if (e instanceof RuntimeException known) {
      return known;
    }
    throw (Error) e;
  }

  private UncheckedIOException failure(IOException e) {
    boolean named = e instanceof FileSystemException known && known.getFile() != null;
    String file = named ? ((FileSystemException) e).getFile() : path.toString();
    String sentence =
        FileFailure.sentence(path, e).substring(file.length() + 2)
            + "; native libraries are unpacked here, for which "
            + setting
            + " names another folder";
    return new UncheckedIOException(
        path + ": " + sentence, new FileSystemException(path.toString(), null, sentence));
  }
}
