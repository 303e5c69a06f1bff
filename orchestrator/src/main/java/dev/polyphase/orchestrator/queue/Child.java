package dev.polyphase.orchestrator.queue;

import dev.polyphase.orchestrator.queue.ChildOutcome.Cause;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.processes.ProcessMark;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The process of a queued run: one that was started here, or by a worker that is gone.
 *
 * @param number the run's number in the queue
 * @param run the run's folder
 * @param folder what it and its process tell each other by
 * @param mark its process
 * @param process the same where it was started here; else null
 */
record Child(
    long number, Path run, ChildFolder folder, ProcessMark mark, @Nullable Process process) {
  private static final Path SHELL = Path.of("/bin/sh");

  /** From here on an exit code is a signal's number and this. */
  private static final int SIGNALLED = 128;

  /** What the launcher found out about its own terminal, which a log is not. */
  private static final List<String> TERMINAL =
      List.of("POLYPHASE_TERMINAL_COLUMNS", "POLYPHASE_TERMINAL_RESULTS");

  /**
   * Starts it.
   *
   * @param program makes the command that runs this program with some arguments
   * @param device what tells it of a device that it does not name itself; or null
   */
  static Child start(
      QueueRow row,
      ChildFolder folder,
      UnaryOperator<List<String>> program,
      @Nullable String device)
      throws IOException {
    Files.deleteIfExists(folder.outcome());
    if (row.run().attempts() == 0) {
      // Of another run of that number, in a database that is gone.
      Files.deleteIfExists(folder.console());
    }
    AtomicFiles.writeString(folder.pipeline(), row.yaml());
    ProcessBuilder builder =
        new ProcessBuilder(deaf(program.apply(arguments(row, folder, device))))
            .redirectErrorStream(true)
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.console().toFile()));
    TERMINAL.forEach(builder.environment()::remove);
    Process process = builder.start();
    return new Child(
        row.run().number(), row.run().run(), folder, ProcessMark.of(process.toHandle()), process);
  }

  private static List<String> arguments(QueueRow row, ChildFolder folder, @Nullable String device) {
    List<String> arguments = new ArrayList<>();
    arguments.add("run");
    arguments.add(folder.pipeline().toString());
    arguments.addAll(List.of("--relative-to", row.folder().toString()));
    arguments.addAll(List.of("--output", row.output().toString()));
    arguments.addAll(List.of("--outcome", folder.outcome().toString()));
    List<String> sets = new ArrayList<>(row.sets());
    // As it was when it was submitted, whatever day {date} would stand for now.
    sets.add("name=\"" + row.run().name() + "\"");
    if (device != null) {
      sets.add(device);
    }
    sets.forEach(set -> arguments.addAll(List.of("--set", set)));
    return arguments;
  }

  /**
   * A command that does not hear what a terminal sends to all that it runs, when Ctrl-C is pressed
   * or it is closed: the worker asks its processes to stop itself, and being asked twice would end
   * them at once.
   */
  private static List<String> deaf(List<String> command) {
    if (!Files.isExecutable(SHELL)) {
      return command;
    }
    List<String> deaf =
        new ArrayList<>(
            List.of(SHELL.toString(), "-c", "trap '' INT HUP; exec \"$@\"", "polyphase"));
    deaf.addAll(command);
    return deaf;
  }

  /** One that another worker started; empty where it has ended, or is not of this machine. */
  static Optional<Child> adopted(QueueRow row) {
    ProcessMark mark = row.process();
    ChildFolder folder = row.child();
    return mark == null || folder == null || !mark.isAlive()
        ? Optional.empty()
        : Optional.of(new Child(row.run().number(), row.run().run(), folder, mark, null));
  }

  boolean hasEnded() {
    return process == null ? !mark.isAlive() : !process.isAlive();
  }

  /** Asks it to stop with its state saved. Once: a second time would end it at once. */
  void askToStop() {
    mark.handle().ifPresent(ProcessHandle::destroy);
  }

  /** How it ended. */
  ChildOutcome outcome() {
    return outcome(folder, process == null ? null : process.exitValue());
  }

  /**
   * How a process ended.
   *
   * @param exit its exit code; null where nobody knows
   */
  static ChildOutcome outcome(ChildFolder folder, @Nullable Integer exit) {
    String unsaid = "what it said is in " + folder.console();
    try {
      Optional<ChildOutcome> said = ChildOutcome.read(folder.outcome());
      if (said.isPresent()) {
        return said.get();
      }
    } catch (IOException e) {
      unsaid = FileFailure.cause(folder.outcome(), e);
    }
    String how =
        exit == null
            ? "its process was gone"
            : exit > SIGNALLED
                ? "its process was killed by signal " + (exit - SIGNALLED)
                : "its process ended with exit code %d and said not why".formatted(exit);
    return new ChildOutcome(exit == null ? -1 : exit, Cause.KILLED, how + "; " + unsaid);
  }

  /** Leaves what the processes of a run said in the run's folder, where it is one by now. */
  static void keepConsole(ChildFolder folder, Path run) throws IOException {
    if (Files.isRegularFile(folder.console())
        && Files.isRegularFile(new RunFolder(run).runJson())) {
      AtomicFiles.write(new RunFolder(run).console(), out -> Files.copy(folder.console(), out));
    }
  }
}
