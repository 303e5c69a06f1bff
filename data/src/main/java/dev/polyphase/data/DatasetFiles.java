package dev.polyphase.data;

import dev.polyphase.pipelines.Dataset;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.InputFile.Kind;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Finds the files that a dataset means. */
public final class DatasetFiles {
  /** An id of the hub; the name of a file that is not there is none. */
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][\\w.-]*/[A-Za-z0-9][\\w.-]*");

  private DatasetFiles() {}

  /**
   * The files of a dataset, sorted by their paths within a split. A path that exists is taken as it
   * is: a file, or a folder's split as Hugging Face's {@code load_dataset} finds it. Else {@code
   * *}, {@code ?}, {@code [..]} and {@code {a,b}} match within a name and {@code **} any folders,
   * none included, as in Python's glob; names that begin with a dot match only where the pattern's
   * do. Else an id of two parts is asked of the hub. {@code ~} is the user's home.
   *
   * @param folder what the path is relative to
   * @param key the key of the dataset, as {@code datasets[0]}, for messages
   * @throws InputException if nothing is found, or it has no such split, configuration or revision
   */
  public static List<Path> of(Path folder, Dataset dataset, String key, DatasetHub hub)
      throws IOException {
    String path = dataset.path();
    try {
      Path literal = folder.resolve(withHome(path)).normalize();
      Kind kind = InputFile.kindOf(literal);
      if (kind == Kind.FILE) {
        refuseUnused(dataset, key, "a file");
        return List.of(literal);
      }
      if (kind == Kind.FOLDER) {
        refuse(dataset.revision(), key + ".revision", "a folder has no revisions");
        return new DatasetFolder(literal, path, key).files(dataset.name(), dataset.split());
      }
      InputFile.wrong(kind)
          .ifPresent(
              sentence -> {
                throw new InputException(
                    "%s.path: %s: %s; rows are read several times".formatted(key, path, sentence));
              });
    } catch (InvalidPathException e) {
      // A pattern need not be a path: some systems allow no * in names.
    }
    List<Path> files =
        expand(folder, withHome(path), key + ".path").stream()
            .filter(Files::isRegularFile)
            .map(Path::normalize)
            .toList();
    if (!files.isEmpty()) {
      refuseUnused(dataset, key, "a pattern of files");
      return files;
    }
    if (ID.matcher(path).matches() && !DatasetFolder.isNameOfData(path)) {
      Optional<Path> snapshot =
          hub.snapshot(
              path,
              dataset.revision(),
              outline ->
                  new DatasetFolder(outline, path, key).files(dataset.name(), dataset.split()));
      if (snapshot.isPresent()) {
        return new DatasetFolder(snapshot.get(), path, key).files(dataset.name(), dataset.split());
      }
    }
    throw new InputException(
        "%s.path: no file matches %s in %s"
            .formatted(key, path, folder.toAbsolutePath().normalize()));
  }

  /** A single file is a whole split, {@code train}, as elsewhere. */
  private static void refuseUnused(Dataset dataset, String key, String what) {
    refuse(dataset.revision(), key + ".revision", what + " has no revisions");
    refuse(dataset.name(), key + ".name", what + " has no configurations");
    refuse(
        dataset.split().filter(split -> !split.equals(DatasetFolder.TRAIN)),
        key + ".split",
        what + " has no splits");
  }

  private static void refuse(Optional<String> value, String key, String sentence) {
    if (value.isPresent()) {
      throw new InputException(
          "%s: %s was asked for, and %s; leave it out".formatted(key, value.get(), sentence));
    }
  }

  private static String withHome(String path) {
    return path.equals("~") || path.startsWith("~/")
        ? System.getProperty("user.home") + path.substring(1)
        : path;
  }

  /** What a pattern matches, files and folders, sorted. */
  static List<Path> expand(Path folder, String path, String key) throws IOException {
    boolean absolute = path.startsWith("/");
    List<Path> found = List.of(absolute ? Path.of("/") : folder);
    for (String segment : (absolute ? path.substring(1) : path).split("/+", -1)) {
      TreeSet<Path> next = new TreeSet<>(Comparator.comparing(Path::toString));
      for (Path start : found) {
        next.addAll(expandSegment(start, segment, key));
      }
      found = List.copyOf(next);
    }
    return found;
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

  /** A folder and all those below it that are not hidden. */
  static List<Path> withFoldersBelow(Path start) throws IOException {
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

  static boolean isHidden(Path path) {
    Path name = path.getFileName();
    return name != null && name.toString().startsWith(".");
  }
}
