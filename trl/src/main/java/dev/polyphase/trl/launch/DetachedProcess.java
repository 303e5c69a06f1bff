package dev.polyphase.trl.launch;

import dev.polyphase.processes.ProcessMark;
import dev.polyphase.processes.ProcessTree;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * A process of this machine that outlives the one that started it: it is in a session of its own,
 * and neither Ctrl-C in a terminal nor the terminal's end reaches it. All that come of it carry its
 * id in a variable, by which they are found when their parents are gone.
 *
 * @param id which launch it is, and no other
 * @param host the machine's name, for people
 * @param mark the process
 */
record DetachedProcess(String id, String host, ProcessMark mark) {
  /** What all processes of a job carry. */
  static final String VARIABLE = "POLYPHASE_ENGINE_JOB";

  private static final Path SHELL = Path.of("/bin/sh");

  /** One that {@link #start} will start. */
  static DetachedProcess toBeStarted() {
    return new DetachedProcess(UUID.randomUUID().toString(), hostName(), ProcessMark.toBeStarted());
  }

  /**
   * Starts it.
   *
   * @param builder its command, folder and variables
   * @param log what it says is appended to this file
   */
  DetachedProcess start(ProcessBuilder builder, Programs programs, Path log) throws IOException {
    List<String> command = new ArrayList<>();
    // Becomes the command's own process: Java never starts a leader of a group, which would fork.
    programs.find("setsid").ifPresent(setsid -> command.add(setsid.toString()));
    if (Files.isExecutable(SHELL)) {
      // For where there is no setsid.
      command.addAll(List.of(SHELL.toString(), "-c", "trap '' INT HUP; exec \"$@\"", "polyphase"));
    }
    command.addAll(builder.command());
    builder.environment().put(VARIABLE, id);
    Process process =
        builder
            .command(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    return new DetachedProcess(id, host, ProcessMark.of(process.toHandle()));
  }

  /** Whether it, or one that was started and whose number was never written down, runs. */
  boolean isAlive() {
    return mark.isAlive() || (mark.pid() == 0 && !all().alive().isEmpty());
  }

  /** It and all that came of it, also of what has ended. */
  ProcessTree all() {
    return ProcessTree.of(mark, VARIABLE + "=" + id);
  }

  /** It and what descends from it. */
  ProcessTree descent() {
    return ProcessTree.of(mark);
  }

  private static String hostName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      try {
        return InetAddress.getLocalHost().getHostName();
      } catch (UnknownHostException unknown) {
        return "localhost";
      }
    }
  }
}
