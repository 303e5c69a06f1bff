package dev.polyphase.orchestrator.engine;

/** How a run hears that it should stop. */
public interface StopSignal {

  /**
   * Begins to listen: from now on there is a state to save. Before, nothing was written and whoever
   * wants to stop the process may just end it.
   */
  void listen();

  /** Whether someone asked to stop since {@link #listen()}. */
  boolean requested();
}
