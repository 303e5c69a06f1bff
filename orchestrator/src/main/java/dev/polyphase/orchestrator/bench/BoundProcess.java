package dev.polyphase.orchestrator.bench;

import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.processes.ProcessTree;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Another process that ends, with all that came of it, where this one ends: by a signal, say. */
final class BoundProcess {
  // Known before the process is started, so that no signal comes between.
  private final Thread hook = new Thread(this::endAtExit);
  private @Nullable Process process;
  private boolean ending;

  private BoundProcess() {}

  /**
   * Starts it.
   *
   * @throws IOException where it can't be
   * @throws OperationFailedException where this process ends already
   */
  static BoundProcess start(ProcessBuilder builder) throws IOException {
    BoundProcess bound = new BoundProcess();
    try {
      Runtime.getRuntime().addShutdownHook(bound.hook);
    } catch (IllegalStateException e) {
      throw ended();
    }
    try {
      bound.startUnlessEnding(builder);
    } catch (IOException e) {
      bound.release();
      throw e;
    }
    return bound;
  }

  private synchronized void startUnlessEnding(ProcessBuilder builder) throws IOException {
    if (ending) {
      throw ended();
    }
    process = builder.start();
  }

  private static OperationFailedException ended() {
    return new OperationFailedException("the program is being ended");
  }

  /** The process. */
  synchronized Process process() {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process;
  }

  /** To be called when it has ended. */
  void release() {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      // This process ends, and ends the other.
    }
  }

  private synchronized void endAtExit() {
    ending = true;
    if (process != null) {
      try {
        ProcessTree.of(process.toHandle()).kill();
      } catch (IOException e) {
        // What can't be ended outlives us; nobody is left to be told.
      }
    }
  }
}
