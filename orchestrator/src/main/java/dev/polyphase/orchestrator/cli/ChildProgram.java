package dev.polyphase.orchestrator.cli;

import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program again, in a process of its own. */
final class ChildProgram {
  /** A heap that is there from the beginning, and stays. */
  static final List<String> STEADY_HEAP = List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch");

  private ChildProgram() {}

  /** The command that runs it. */
  static List<String> command(List<String> javaOptions, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(javaOptions);
    command.add("-cp");
    command.add(System.getProperty("java.class.path", "." + File.pathSeparator));
    command.add(Main.class.getName());
    command.addAll(arguments);
    return command;
  }
}
