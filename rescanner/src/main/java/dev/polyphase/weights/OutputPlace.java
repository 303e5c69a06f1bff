package dev.polyphase.weights;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Places that a user names for results. What can be seen to be wrong with them is said before any
 * work, and nothing is written to find it out.
 */
public final class OutputPlace {
  private static final Pattern STANDARD_OUTPUT =
      Pattern.compile("-|/dev/stdout|/(dev|proc/self)/fd/1");
  private static final Pattern STANDARD_ERROR =
      Pattern.compile("/dev/stderr|/(dev|proc/self)/fd/2");
  private static final Pattern DESCRIPTOR = Pattern.compile("/(dev|proc/self)/fd/[0-9]+");

  /** More than the systems follow themselves. */
  private static final int MOST_LINKS = 64;

  private OutputPlace() {}

  /** Whether this path names standard output: {@code -} or {@code /dev/stdout}. */
  public static boolean isStandardOutput(Path file) {
    return STANDARD_OUTPUT.matcher(file.toString()).matches();
  }

  /**
   * Checks that files can be written in a folder, which need not exist.
   *
   * @param deepest the longest path below it that will be written
   * @throws InputException where a part of the path is a file, may not be written to, or is too
   *     long
   */
  public static void requireFolder(Path folder, Path deepest) {
    Place place = Place.in(folder.toString());
    Path whole = folder.toAbsolutePath();
    Path there = whole;
    while (!Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
      there = TemporaryNames.folderOf(there);
    }
    if (!Files.isDirectory(there)) {
      throw new InputException(
          place,
          (there.equals(whole) ? "this is " : "the folder can't be made, as " + there + " is ")
              + (Files.exists(there) ? InputFile.kindOf(there).words() : "a link into nowhere")
              + ", not a folder; choose another place");
    }
    if (!Files.isWritable(there) || !Files.isExecutable(there)) {
      throw new InputException(
          place,
          (there.equals(whole) ? "the folder" : "the folder can't be made, as " + there)
              + " can't be written to ("
              + (isReadOnly(there) ? "its disk is read-only" : "permission denied")
              + "); choose another place, or make it writable");
    }
    // Until it is complete it has a longer name.
    Path temporary = TemporaryNames.next(deepest).getFileName();
    Path rest = there.relativize(whole).resolve(deepest).resolveSibling(temporary);
    requireShort(place, there, rest);
  }

  /**
   * Checks that a file can be written.
   *
   * @throws InputException where there is something that no file can take the place of, or its
   *     folder is not there or may not be written to
   */
  public static void requireFile(Path file) throws IOException {
    if (isStandardOutput(file) || isStream(file)) {
      return;
    }
    Place place = Place.in(file.toString());
    switch (InputFile.kindOf(file)) {
      case FOLDER -> throw new InputException(place, "this is a folder; name a file");
      case BLOCK_DEVICE, SOCKET, OTHER ->
          throw new InputException(
              place, "this is " + InputFile.kindOf(file).words() + "; name a file");
      case FILE, FIFO, CHARACTER_DEVICE -> {
        if (!Files.isWritable(file)) {
          throw new InputException(
              place, "you may not write to this (permission denied); choose another place");
        }
      }
      case NOTHING -> {
        // Its folder decides.
      }
    }
    if (isWrittenThrough(file)) {
      return;
    }
    Path end = endOf(file);
    Path folder = TemporaryNames.folderOf(end);
    if (!Files.isDirectory(folder)) {
      throw new InputException(place, "there is no folder " + folder + "; make it first");
    }
    requireFolder(folder, end.getFileName());
  }

  /**
   * Writes or replaces a file, whole or not at all, as {@link AtomicFiles#write} does. A link stays
   * and what it leads to is replaced; into a FIFO or a device is written as it comes.
   */
  public static void write(Path file, AtomicFiles.Writing body) throws IOException {
    requireFile(file);
    if (isWrittenThrough(file)) {
      try (OutputStream out = stream(file)) {
        body.writeTo(out);
        out.flush();
      } catch (IOException e) {
        throw FileFailure.writing(file, e);
      }
    } else {
      AtomicFiles.replace(endOf(file), body);
    }
  }

  private static boolean isStream(Path file) {
    String path = file.toString();
    return STANDARD_ERROR.matcher(path).matches() || DESCRIPTOR.matcher(path).matches();
  }

  /** Whether what is written comes out elsewhere, as of a device, and nothing is replaced. */
  public static boolean isWrittenThrough(Path file) {
    InputFile.Kind kind = InputFile.kindOf(file);
    return isStandardOutput(file)
        || isStream(file)
        || kind == InputFile.Kind.FIFO
        || kind == InputFile.Kind.CHARACTER_DEVICE;
  }

  private static OutputStream stream(Path file) throws IOException {
    if (isStandardOutput(file)) {
      return new FileOutputStream(FileDescriptor.out);
    }
    if (STANDARD_ERROR.matcher(file.toString()).matches()) {
      return new FileOutputStream(FileDescriptor.err);
    }
    // To append is not to empty what another descriptor stands at the end of.
    return new FileOutputStream(file.toFile(), true);
  }

  /** Where the links of a path end; there need be nothing. */
  private static Path endOf(Path file) throws IOException {
    Path end = file;
    for (int links = 0; Files.isSymbolicLink(end); links++) {
      if (links == MOST_LINKS) {
        throw new InputException(
            Place.in(file.toString()), "its links lead in a circle; name a file");
      }
      end = TemporaryNames.folderOf(end).resolve(Files.readSymbolicLink(end));
    }
    return end;
  }

  private static boolean isReadOnly(Path folder) {
    try {
      return Files.getFileStore(folder).isReadOnly();
    } catch (IOException e) {
      return false;
    }
  }

  /** A system says of a name that is too long that it is, also where there is no such file. */
  private static void requireShort(Place place, Path there, Path rest) {
    for (Path name : rest) {
      if (isTooLong(there.resolve(name))) {
        throw tooLong(place, "the name " + TemporaryNames.finalName(name.toString()));
      }
    }
    if (isTooLong(there.resolve(rest))) {
      throw tooLong(place, "the path of what is written there");
    }
  }

  private static boolean isTooLong(Path path) {
    try {
      Files.getLastModifiedTime(path, LinkOption.NOFOLLOW_LINKS);
      return false;
    } catch (IOException e) {
      return String.valueOf(e.getMessage()).contains("too long");
    }
  }

  private static InputException tooLong(Place place, String what) {
    return new InputException(
        place, "no file can be written here, as " + what + " is too long; choose a shorter one");
  }
}
