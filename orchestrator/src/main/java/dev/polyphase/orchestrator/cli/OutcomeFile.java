package dev.polyphase.orchestrator.cli;

import dev.polyphase.kernels.Libtorch;
import dev.polyphase.orchestrator.engine.DeviceFullException;
import dev.polyphase.orchestrator.engine.NoRoomException;
import dev.polyphase.orchestrator.queue.ChildOutcome;
import dev.polyphase.orchestrator.queue.ChildOutcome.Cause;
import dev.polyphase.orchestrator.store.RunHeldException;
import dev.polyphase.phases.api.OutOfMemoryException;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.FileFailure;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Tells the queue, in a file, how a run that it started has ended. */
final class OutcomeFile {
  @Option(
      names = "--outcome",
      hidden = true,
      description = "The file to say in, at the end, how the run ended and why.")
  private @Nullable Path file;

  private @Nullable String message;

  /** A run. */
  @FunctionalInterface
  interface Running {
    /** Runs it and returns its exit code. */
    int run() throws IOException;
  }

  /** Remembers what is to be said of a run that has not failed. */
  void say(String sentence) {
    message = sentence;
  }

  /** Runs it, and says how it ended where that was asked for. */
  int of(Running running) throws IOException {
    if (file == null) {
      return running.run();
    }
    try {
      int exit = running.run();
      Cause cause = exit == ExitCode.INTERRUPTED ? Cause.INTERRUPTED : Cause.DONE;
      write(file, new ChildOutcome(exit, cause, message));
      return exit;
    } catch (IOException | RuntimeException | Error e) {
      Cause cause = cause(e);
      int exit = e instanceof InputException ? ExitCode.WRONG_INPUT : ExitCode.FAILED;
      String said = String.join("\n", Failures.sentences(e, "polyphase run"));
      write(file, new ChildOutcome(exit, cause, said));
      throw e;
    }
  }

  /**
   * Without the file it is one that was killed, which is tried again: it then finds what there is.
   */
  private static void write(Path file, ChildOutcome outcome) {
    try {
      outcome.write(file);
    } catch (IOException e) {
      return;
    }
  }

  /** What the queue is to make of a failure. */
  static Cause cause(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (cause instanceof RunHeldException) {
        return Cause.BUSY;
      }
      if (cause instanceof NoRoomException
          || (cause instanceof IOException io && FileFailure.isDiskFull(io))) {
        return Cause.DISK;
      }
      if (cause instanceof DeviceFullException) {
        return Cause.DEVICE;
      }
      if (cause instanceof OutOfMemoryException
          || cause instanceof OutOfMemoryError
          || (cause instanceof RuntimeException e && Libtorch.ranOutOfMemory(e))) {
        return Cause.MEMORY;
      }
    }
    return failure instanceof InputException || failure instanceof InvalidPathException
        ? Cause.INPUT
        : Cause.FAILED;
  }
}
