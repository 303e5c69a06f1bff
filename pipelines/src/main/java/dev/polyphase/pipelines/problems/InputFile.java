package dev.polyphase.pipelines.problems;

import java.io.BufferedInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A file that is read. What is no file is refused as what it is before it is opened: to open a FIFO
 * waits for who writes into it, and a device may have no end.
 *
 * <p>Standard input, as {@code -} or {@code /dev/stdin}, and what a shell hands over as {@code
 * /dev/fd/63} are streams. They can be read once, so they are for {@link #open} alone.
 */
public final class InputFile {
  private static final Pattern STANDARD_INPUT =
      Pattern.compile("-|/dev/stdin|/(dev|proc/self)/fd/0");
  private static final Pattern DESCRIPTOR = Pattern.compile("/(dev|proc/self)/fd/[0-9]+");

  private static final int TYPE = 0170000;
  private static final int FIFO = 0010000;
  private static final int CHARACTER_DEVICE = 0020000;
  private static final int BLOCK_DEVICE = 0060000;
  private static final int SOCKET = 0140000;

  private InputFile() {}

  /** What a path leads to. */
  public enum Kind {
    NOTHING("nothing"),
    FILE("a file"),
    FOLDER("a folder"),
    FIFO("a FIFO"),
    CHARACTER_DEVICE("a device"),
    BLOCK_DEVICE("a device"),
    SOCKET("a socket"),
    OTHER("no file");

    private final String words;

    Kind(String words) {
      this.words = words;
    }

    /** As in {@code this is a FIFO}. */
    public String words() {
      return words;
    }
  }

  /** What a path leads to, links followed; nothing also where that can't be found out. */
  public static Kind kindOf(Path path) {
    try {
      BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
      if (attributes.isRegularFile()) {
        return Kind.FILE;
      }
      return attributes.isDirectory() ? Kind.FOLDER : special(path);
    } catch (IOException e) {
      return Kind.NOTHING;
    }
  }

  private static Kind special(Path path) throws IOException {
    if (!path.getFileSystem().supportedFileAttributeViews().contains("unix")) {
      return Kind.OTHER;
    }
    int mode = (Integer) Files.getAttribute(path, "unix:mode");
    return switch (mode & TYPE) {
      case FIFO -> Kind.FIFO;
      case CHARACTER_DEVICE -> Kind.CHARACTER_DEVICE;
      case BLOCK_DEVICE -> Kind.BLOCK_DEVICE;
      case SOCKET -> Kind.SOCKET;
      default -> Kind.OTHER;
    };
  }

  /**
   * Whether there is a file.
   *
   * @throws InputException where there is something else: a folder, a FIFO, a device
   */
  public static boolean isThere(Path file) {
    Kind kind = kindOf(file);
    wrong(kind)
        .ifPresent(
            sentence -> {
              throw new InputException(Place.in(file.toString()), sentence);
            });
    return kind == Kind.FILE;
  }

  /** What is wrong with something that should be a file, if it is there. */
  public static Optional<String> wrong(Kind kind) {
    return kind == Kind.FILE || kind == Kind.NOTHING
        ? Optional.empty()
        : Optional.of("this is " + kind.words() + ", and a file is needed");
  }

  /** Whether a user names a stream by this path, rather than a file. */
  public static boolean isStream(Path file) {
    return isStandardInput(file) || DESCRIPTOR.matcher(file.toString()).matches();
  }

  /** Whether this path names standard input. */
  public static boolean isStandardInput(Path file) {
    return STANDARD_INPUT.matcher(file.toString()).matches();
  }

  /** What messages call it. */
  public static String name(Path file) {
    return isStandardInput(file) ? "standard input" : file.toString();
  }

  /**
   * Opens a file or a stream.
   *
   * @throws InputException where it is something else, or may not be read
   * @throws IOException where it is not there or can't be read
   */
  public static InputStream open(Path file) throws IOException {
    if (isStandardInput(file)) {
      return System.in;
    }
    if (isStream(file) && kindOf(file) == Kind.FIFO) {
      // A file's own stream asks for a position, which a pipe does not have.
      return new BufferedInputStream(new FileInputStream(file.toFile()));
    }
    // What is not there is the system's to say.
    isThere(file);
    try {
      return Files.newInputStream(file);
    } catch (AccessDeniedException e) {
      throw notAllowed(file);
    }
  }

  /** All that a file or a stream holds; parameters and failures as of {@link #open}. */
  public static byte[] readAllBytes(Path file) throws IOException {
    try (InputStream in = open(file)) {
      return in.readAllBytes();
    }
  }

  /**
   * The lines of a file or a stream; parameters and failures as of {@link #open}.
   *
   * @throws CharacterCodingException where it is not text in UTF-8
   */
  public static List<String> readAllLines(Path file) throws IOException {
    return StandardCharsets.UTF_8
        .newDecoder()
        .decode(ByteBuffer.wrap(readAllBytes(file)))
        .toString()
        .lines()
        .toList();
  }

  /** That this user may not read a file or folder. */
  public static InputException notAllowed(Path file) {
    return new InputException(
        Place.in(file.toString()),
        "you may not read this (permission denied); have its permissions changed");
  }
}
