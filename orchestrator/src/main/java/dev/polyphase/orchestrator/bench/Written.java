package dev.polyphase.orchestrator.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What a program wrote into a file: whatever is no UTF-8 in it is replaced, and no failure. */
final class Written {
  private Written() {}

  /** All of it. */
  static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** Its lines but the blank ones. */
  static List<String> lines(Path file) throws IOException {
    return text(file).lines().filter(line -> !line.isBlank()).toList();
  }
}
