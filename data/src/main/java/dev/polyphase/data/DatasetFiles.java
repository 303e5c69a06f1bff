package dev.polyphase.data;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.PatternSyntaxException;

/** Finds the files that a dataset's path names. */
public final class DatasetFiles {
  private DatasetFiles() {}

  /**
   * The files that a path names, sorted. A path that exists is taken as it is; else {@code *},
   * {@code ?}, {@code [..]} and {@code {a,b}} match within a name and {@code **} any folders, none
   * included, as in Python's glob. Names that begin with a dot match only where the pattern's do.
   *
   * @param folder what the path is relative to
   * @param key where the path was given, for messages
   * @throws InputException if nothing matches
   */
  public static List<Path> matching(Path folder, String path, String key) throws IOException {
    try {
      Path literal = folder.resolve(path).normalize();
      if (Files.isRegularFile(literal)) {
        return List.of(literal);
      }
      if (Files.isDirectory(literal)) {
        throw new InputException(
            key + ": " + path + " is a folder; name its files, as " + path + "/*.jsonl");
      }
      InputFile.wrong(InputFile.kindOf(literal))
          .ifPresent(
              sentence -> {
                throw new InputException(
                    "%s: %s: %s; rows are read several times".formatted(key, path, sentence));
              });
    } catch (InvalidPathException e) {
      // A pattern need not be a path: some systems allow no * in names.
    }
    List<Path> files = expand(folder, path, key);
    if (files.isEmpty()) {
      throw new InputException(
          "%s: no file matches %s in %s".formatted(key, path, folder.toAbsolutePath().normalize()));
    }
    return files;
  }

  private static List<Path> expand(Path folder, String path, String key) throws IOException {
    boolean absolute = path.startsWith("/");
    List<Path> found = List.of(absolute ? Path.of("/") : folder);
    for (String segment : (absolute ? path.substring(1) : path).split("/+", -1)) {
      TreeSet<Path> next = new TreeSet<>(Comparator.comparing(Path::toString));
      for (Path start : found) {
        next.addAll(expandSegment(start, segment, key));
      }
      found = List.copyOf(next);
    }
    return found.stream().filter(Files::isRegularFile).map(Path::normalize).toList();
  }

  private static List<Path> expandSegment(Path start, String segment, String key)
      throws IOException {
    if (segment.equals("**")) {
      return withFoldersBelow(start);
    }
    if (segment.chars().noneMatch(c -> "*?[{".indexOf(c) >= 0)) {
      Path literal = start.resolve(segment);
      return Files.exists(literal) ? List.of(literal) : List.of();
    }
    if (!Files.isDirectory(start)) {
      return List.of();
    }
    List<Path> matches = new ArrayList<>();
    try (DirectoryStream<Path> children = Files.newDirectoryStream(start, segment)) {
      for (Path child : children) {
        if (segment.startsWith(".") || !isHidden(child)) {
          matches.add(child);
        }
      }
    } catch (PatternSyntaxException e) {
      throw new InputException(
          key + ": " + segment + " is no valid pattern: " + e.getDescription());
    }
    return matches;
  }

  private static List<Path> withFoldersBelow(Path start) throws IOException {
    if (!Files.isDirectory(start)) {
      return List.of();
    }
    List<Path> folders = new ArrayList<>(List.of(start));
    try (DirectoryStream<Path> children = Files.newDirectoryStream(start)) {
      for (Path child : children) {
        // A link to a folder is not followed: it may lead back up.
        if (Files.isDirectory(child) && !Files.isSymbolicLink(child) && !isHidden(child)) {
          folders.addAll(withFoldersBelow(child));
        }
      }
    }
    return folders;
  }

  private static boolean isHidden(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().startsWith(".");
  }
}
