package dev.polyphase.reports;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Draws the small report's PNG, as a process of its own. */
final class WritePng {
  private WritePng() {}

  public static void main(String[] args) throws IOException {
    Files.write(Path.of(args[0]), HeatmapPng.write(Reports.small()));
  }
}
