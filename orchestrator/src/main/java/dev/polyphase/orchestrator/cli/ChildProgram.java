package dev.polyphase.orchestrator.cli;

import java.io.File;
import java.nio.file.Path;
import java.util.List;

/** This program again, in a process of its own. */
final class ChildProgram {
  private ChildProgram() {}

  /** The program, to be followed by its arguments. Its heap is taken at once, and stays. */
  static List<String> command() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-Xms256m",
        "-Xmx256m",
        "-XX:+AlwaysPreTouch",
        "-cp",
        System.getProperty("java.class.path", "." + File.pathSeparator),
        Main.class.getName());
  }
}
