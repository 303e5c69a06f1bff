package dev.polyphase.orchestrator.cli;

import java.io.File;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** This program again, in a process of its own. */
final class ChildProgram {
  /** A heap that is there from the beginning, and stays. */
  static final List<String> STEADY_HEAP = List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch");

  private static final String CPU_LIBTORCH = "pytorch-native-";

  /** What must not be had twice: a debugger's port, an agent's file. */
  private static final List<String> ONCE =
      List.of("-agentlib", "-agentpath", "-javaagent", "-Xrun");

  private static final String ACCESS = "--enable-native-access";

  private ChildProgram() {}

  /** The command that runs it with this process's own options of Java. */
  static List<String> again(List<String> arguments) {
    return command(
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
            .filter(option -> ONCE.stream().noneMatch(option::startsWith))
            .filter(option -> !option.startsWith(ACCESS))
            .toList(),
        arguments);
  }

  /** The command that runs it. */
  static List<String> command(List<String> javaOptions, List<String> arguments) {
    return command(javaOptions, classPath(), arguments);
  }

  /** One that lets DJL fetch libtorch: without the jar of the CPU's, which it would take. */
  static List<String> fetching(List<String> arguments) {
    String others =
        Arrays.stream(classPath().split(File.pathSeparator, -1))
            .filter(entry -> !String.valueOf(Path.of(entry).getFileName()).startsWith(CPU_LIBTORCH))
            .collect(Collectors.joining(File.pathSeparator));
    return command(List.of("-Dai.djl.offline=false"), others, arguments);
  }

  private static String classPath() {
    return System.getProperty("java.class.path", "." + File.pathSeparator);
  }

  private static List<String> command(
      List<String> javaOptions, String classPath, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(javaOptions);
    command.add("-cp");
    command.add(classPath);
    command.add(Main.class.getName());
    command.addAll(arguments);
    return command;
  }
}
