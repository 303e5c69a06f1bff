package dev.polyphase.kernels;

import static java.util.Objects.requireNonNull;

import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A folder that decides what is run, as one that code is loaded from: only this user and root may
 * be able to put something into it. Where the system has no users and modes of Unix, every folder
 * is trusted.
 */
public final class TrustedFolder {
  private static final String UNIX = "unix";
  private static final int WRITABLE_BY_OTHERS = 022;
  private static final int ENTERED_BY_OTHERS = 011;
  private static final int STICKY = 01000;
  private static final Path SELF = Path.of("/proc/self");

  private final Path folder;
  private final String harm;
  private final String setting;
  private final long user;

  private TrustedFolder(Path folder, String harm, String setting, long user) {
    this.folder = folder;
    this.harm = harm;
    this.setting = setting;
    this.user = user;
  }

  private record Attributes(long owner, int mode) {
    static Attributes of(Path path) throws IOException {
      return new Attributes(number(path, "uid"), number(path, "mode"));
    }

    private static int number(Path path, String attribute) throws IOException {
      Object value = Files.getAttribute(path, UNIX + ":" + attribute, LinkOption.NOFOLLOW_LINKS);
      return (Integer) requireNonNull(value);
    }

    boolean has(int bits) {
      return (mode & bits) != 0;
    }
  }

  /**
   * Looks at a folder, which need not be there yet, at those above it, and at some in it.
   *
   * @param parts the names of the folders in it whose files count as well
   * @param harm what others could do, for the sentence
   * @param setting what chooses another folder, for the sentence
   * @throws InputException where another user owns one of them or can write to it
   */
  public static void check(Path folder, List<String> parts, String harm, String setting)
      throws IOException {
    if (FileSystems.getDefault().supportedFileAttributeViews().contains(UNIX)) {
      new TrustedFolder(folder.toAbsolutePath().normalize(), harm, setting, currentUser())
          .check(parts);
    }
  }

  /** The number of this process's user, whether the system knows a name for it or not. */
  static long currentUser() throws IOException {
    return Files.isDirectory(SELF)
        ? Attributes.number(SELF.toRealPath(), "uid")
        : new com.sun.security.auth.module.UnixSystem().getUid();
  }

  private void check(List<String> parts) throws IOException {
    Path there = folder;
    for (Path above = folder; above != null; above = above.getParent()) {
      if (Files.isSymbolicLink(above)) {
        checkOwner(above, Attributes.of(above));
      }
      if (!Files.exists(there)) {
        there = above;
      }
    }
    Path real = there.toRealPath();
    boolean isThere = there.equals(folder);
    for (Path above = real; above != null; above = above.getParent()) {
      Attributes attributes = Attributes.of(above);
      checkOwner(above, attributes);
      // In a sticky folder, as /tmp, others can't rename or remove what is not theirs.
      boolean sticky = attributes.has(STICKY) && !(isThere && above.equals(real));
      if (attributes.has(WRITABLE_BY_OTHERS) && !sticky) {
        throw writable(above);
      }
    }
    if (isThere) {
      boolean open = Attributes.of(real).has(ENTERED_BY_OTHERS);
      for (String part : parts) {
        checkTree(real.resolve(part), open);
      }
    }
  }

  /** What is in it, also of times when others could still write there. */
  private void checkTree(Path part, boolean open) throws IOException {
    if (!Files.exists(part, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    try (Stream<Path> files = Files.walk(part)) {
      for (Path file : files.toList()) {
        Attributes attributes = Attributes.of(file);
        checkOwner(file, attributes);
        if (open && attributes.has(WRITABLE_BY_OTHERS) && !Files.isSymbolicLink(file)) {
          throw writable(file);
        }
      }
    }
  }

  private void checkOwner(Path path, Attributes attributes) throws IOException {
    if (attributes.owner() != user && attributes.owner() != 0) {
      throw new InputException(
          "%s belongs to another user (%s), who could %s%s; set %s to a folder of yours"
              .formatted(
                  path,
                  Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName(),
                  harm,
                  inFolder(path),
                  setting));
    }
  }

  private InputException writable(Path path) {
    return new InputException(
        "other users can write to %s and %s%s; take that right from them (chmod go-w), or set %s to a folder of yours"
            .formatted(path, harm, inFolder(path), setting));
  }

  private String inFolder(Path path) {
    return path.startsWith(folder) ? "" : " in " + folder;
  }
}
