package dev.polyphase.phases.api;

/** Hears of a phase while it trains. Calls come from the training thread, in order. */
public interface PhaseListener extends ReadingListener {

  /** A row for {@code metrics.jsonl}: a logged training step or a held-out evaluation. */
  void metrics(MetricsRow row);

  /** A sentence that the user should see, as the number of rows that were cut. */
  void note(String sentence);

  /** Whether training should stop at the next step; asked once a step. */
  boolean stopRequested();
}
