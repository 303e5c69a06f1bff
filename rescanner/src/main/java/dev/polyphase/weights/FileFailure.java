package dev.polyphase.weights;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Failures of the file system in plain words and with the file: of a full disk Java says "No space
 * left on device" and no more.
 */
public final class FileFailure {

  /**
   * A failure and what we say of it.
   *
   * @param words what the system's message contains
   */
  private record Translation(String words, String sentence) {}

  /** One whose reason is our sentence already. */
  private static final class Told extends FileSystemException {
    Told(String file, String sentence, IOException cause) {
      super(file, null, sentence);
      initCause(cause);
    }
  }

  /** What systems say of a full disk. */
  private static final String NO_SPACE = "No space left";

  private static final String QUOTA = "quota exceeded";

  /** The first that fits is said. */
  private static final List<Translation> TRANSLATIONS =
      List.of(
          new Translation(
              NO_SPACE, "there is no room left on its disk; free some and run the command again"),
          new Translation(
              QUOTA, "the quota on its disk is used up; free some of it and run the command again"),
          new Translation(
              "Read-only file system",
              "its disk can't be written to; choose another place, or have it mounted for writing"),
          new Translation("Is a directory", "this is a folder, and a file is needed"),
          new Translation("Not a directory", "a part of its path is a file, not a folder"),
          new Translation(
              "Input/output error",
              "its disk or network share reports a fault; check it and run the command again"),
          new Translation(
              "File too large",
              "its disk does not take files of that size; choose one that does, or lift the limit"
                  + " (ulimit -f)"),
          new Translation("name too long", "its name is too long; choose a shorter one"),
          new Translation("Too many open files", "too many files are open; raise ulimit -n"),
          new Translation("symbolic links", "its links lead in a circle"),
          new Translation(
              "Stale", "the network share that it lies on is gone; mount it anew and try again"),
          new Translation(
              "endpoint", "the network share that it lies on is gone; mount it anew and try again"),
          new Translation(
              "timed out", "the network share that it lies on does not answer; try again"),
          new Translation("busy", "another program uses it; end that and run the command again"),
          new Translation("Cannot allocate memory", "there is no memory to read it with"),
          new Translation("Out of memory", "there is no memory to read it with"),
          new Translation("Permission denied", "permission denied"),
          new Translation("not permitted", "permission denied"));

  private FileFailure() {}

  /** A failure to read a file: one that names a file already, or else names this one. */
  public static IOException reading(Path file, IOException e) {
    return named(file, e, "it can't be read");
  }

  /** A failure to write a file: one that names a file already, or else names this one. */
  public static IOException writing(Path file, IOException e) {
    return named(file, e, "it can't be written");
  }

  /**
   * A failure to write what is of a known size: of a full disk it says how much that takes and how
   * much is free. It names a file as {@link #writing(Path, IOException)} does.
   *
   * @param target the file, or the folder, that was to be written as a whole; what was there of it
   *     is removed already
   * @param neededBytes all of it
   */
  public static IOException writing(Path target, long neededBytes, IOException e) {
    boolean quota = says(e, QUOTA);
    OptionalLong free = quota ? OptionalLong.empty() : freeAt(target);
    // Where there is room enough it lacks something else, as names for files.
    if (!isDiskFull(e) || (free.isPresent() && free.getAsLong() >= neededBytes)) {
      return writing(target, e);
    }
    String sentence =
        (quota ? "the quota on its disk is used up" : "there is no room left on its disk")
            + ": %,d bytes are needed".formatted(neededBytes)
            + (free.isPresent() ? ", and %,d are free".formatted(free.getAsLong()) : "")
            + "; free some and run the command again";
    boolean named = e instanceof FileSystemException known && known.getFile() != null;
    return new Told(named ? ((FileSystemException) e).getFile() : target.toString(), sentence, e);
  }

  private static OptionalLong freeAt(Path file) {
    try {
      return DiskSpace.freeAt(file);
    } catch (IOException e) {
      return OptionalLong.empty();
    }
  }

  /**
   * {@code FILE: why}, of a failure that names its file; one that is not complete, by its later
   * name.
   */
  public static String sentence(FileSystemException failure) {
    return name(failure) + ": " + reason(failure);
  }

  /** The same of any failure to read or write a file. */
  public static String sentence(Path file, IOException e) {
    return sentence(named(file, e, "it can't be read or written"));
  }

  /** {@code FILE: why} without what to do about it, for failures after which a command goes on. */
  public static String cause(FileSystemException failure) {
    return name(failure) + ": " + reason(failure).split("; ", 2)[0];
  }

  /** The same of any failure to read or write a file. */
  public static String cause(Path file, IOException e) {
    return cause(named(file, e, "it can't be read or written"));
  }

  private static String name(FileSystemException failure) {
    return TemporaryNames.finalName(String.valueOf(failure.getFile()));
  }

  /**
   * Whether a file could not be written since its disk, or what its user may use of it, is full.
   */
  public static boolean isDiskFull(IOException failure) {
    return says(failure, NO_SPACE) || says(failure, QUOTA);
  }

  private static boolean says(IOException failure, String words) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (String.valueOf(cause.getMessage()).contains(words)) {
        return true;
      }
    }
    return false;
  }

  private static FileSystemException named(Path file, IOException e, String otherwise) {
    if (e instanceof FileSystemException known && known.getFile() != null) {
      return known;
    }
    return new Told(file.toString(), why(e, otherwise), e);
  }

  private static String why(IOException e, String otherwise) {
    if (e instanceof CharacterCodingException) {
      return "it is not text in UTF-8; save it in UTF-8";
    }
    if (e instanceof EOFException) {
      return "it became shorter while it was read; leave it alone and run the command again";
    }
    return translated(e.getMessage(), otherwise);
  }

  private static String reason(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "there is no such file or folder";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (failure instanceof FileAlreadyExistsException) {
      return "a file of that name exists already";
    }
    if (failure instanceof DirectoryNotEmptyException) {
      return "the folder is not empty";
    }
    if (failure instanceof NotDirectoryException) {
      return "this is a file, and a folder is needed";
    }
    if (failure instanceof FileSystemLoopException) {
      return "its links lead in a circle";
    }
    @Nullable String reason = failure.getReason();
    return failure instanceof Told && reason != null
        ? reason
        : translated(reason, "it can't be read or written");
  }

  private static String translated(@Nullable String message, String otherwise) {
    String words = message == null ? "" : message;
    // Of the rest some are the system's own words or ours, and some a library's.
    boolean telling =
        !words.isEmpty() && !words.matches("(?s).*([a-z]\\.[a-zA-Z]|Exception|\\n).*");
    return TRANSLATIONS.stream()
        .filter(translation -> words.contains(translation.words()))
        .map(Translation::sentence)
        .findFirst()
        .orElse(telling ? otherwise + " (" + words + ")" : otherwise);
  }
}
