package dev.polyphase.orchestrator.engine;

/** How a run hears what is asked of it while it trains: to stop, or to keep its state. */
public interface StopSignal {

  /**
   * Begins to listen: from now on there is a state to save. Before, nothing was written and whoever
   * wants to stop the process may just end it.
   */
  void listen();

  /** Whether someone asked to stop since {@link #listen()}. */
  boolean requested();

  /** Whether someone asked for a checkpoint since this was called last. */
  boolean saveRequested();
}
