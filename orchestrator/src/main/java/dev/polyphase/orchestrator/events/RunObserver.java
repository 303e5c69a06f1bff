package dev.polyphase.orchestrator.events;

/**
 * Hears what happens to a run, in order and one event at a time; nearly always from the thread that
 * runs it, which it must not hold up. One that throws is let go of, and hears no more.
 */
@FunctionalInterface
public interface RunObserver {
  /** Something happened. */
  void on(StampedEvent happened);
}
