package dev.polyphase.orchestrator.queue;

import java.util.List;

/** Starts what the queue holds, one run a device at a time, each in a process of its own. */
@SuppressWarnings("DoNotCallSuggester")
public final class Worker implements AutoCloseable {

  /**
   * A worker, which does nothing before {@link #start}.
   *
   * @param devices what it runs on, as {@code cuda:0}
   */
  public Worker(RunQueue queue, List<String> devices) {}

  /** Begins, having taken over what a worker that died left. */
  public void start() {
    throw new UnsupportedOperationException();
  }

  /** Starts nothing more and asks what runs to stop with its state saved; it waits in the queue. */
  @Override
  public void close() {}
}
