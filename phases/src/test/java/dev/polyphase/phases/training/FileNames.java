package dev.polyphase.phases.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Stream;

/** The names of what lies in a folder. */
final class FileNames {
  private FileNames() {}

  static Set<String> in(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return Set.of(files.map(file -> file.getFileName().toString()).toArray(String[]::new));
    }
  }
}
