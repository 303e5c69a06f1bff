package dev.polyphase.orchestrator.fuzz;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What lies in a folder: of each entry its kind, its size and when it was changed, by its path.
 * Links are not followed.
 */
record FolderListing(SortedMap<String, String> entries) {

  /** Lists a folder, itself included. */
  static FolderListing of(Path folder) throws IOException {
    SortedMap<String, String> entries = new TreeMap<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes is) {
            entries.put(path.toString(), "folder of " + is.lastModifiedTime());
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes is) throws IOException {
            String kind =
                is.isSymbolicLink() ? "link to " + Files.readSymbolicLink(path) : "file of ";
            entries.put(path.toString(), kind + is.size() + " bytes of " + is.lastModifiedTime());
            return FileVisitResult.CONTINUE;
          }
        });
    return new FolderListing(entries);
  }

  /** What is there no longer, newly, or not as it was: a sentence for each path. */
  SortedMap<Path, String> differences(FolderListing later) {
    SortedSet<String> paths = new TreeSet<>(entries.keySet());
    paths.addAll(later.entries.keySet());
    SortedMap<Path, String> differences = new TreeMap<>();
    for (String path : paths) {
      String before = entries.getOrDefault(path, "nothing");
      String after = later.entries.getOrDefault(path, "nothing");
      if (!before.equals(after)) {
        differences.put(Path.of(path), path + " was " + before + ", is " + after);
      }
    }
    return differences;
  }
}
