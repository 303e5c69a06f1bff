package dev.polyphase.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** {@code .NAME.tmp-} and 16 hexadecimal digits: what NAME is called until it is complete. */
final class TemporaryNames {
  private static final String MARK = ".tmp-";

  private TemporaryNames() {}

  /** A new name beside {@code path}. */
  static Path next(Path path) {
    String digits = String.format("%016x", ThreadLocalRandom.current().nextLong());
    return folderOf(path).resolve("." + path.getFileName() + MARK + digits);
  }

  /** What earlier writers of {@code path} left when they were killed. */
  static List<Path> leftovers(Path path) throws IOException {
    Pattern ours = Pattern.compile(Pattern.quote("." + path.getFileName() + MARK) + "[0-9a-f]{16}");
    try (Stream<Path> siblings = Files.list(folderOf(path))) {
      return siblings
          .filter(sibling -> ours.matcher(sibling.getFileName().toString()).matches())
          .sorted()
          .toList();
    }
  }

  /** A path with what it, and the folders on its way, will be called when they are complete. */
  static String finalName(String path) {
    return path.replaceAll("\\.([^/\\\\]+)" + Pattern.quote(MARK) + "[0-9a-f]{16}", "$1");
  }

  static Path folderOf(Path path) {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      throw new IllegalArgumentException(path + " is no file or folder that can be written");
    }
    return folder;
  }
}
