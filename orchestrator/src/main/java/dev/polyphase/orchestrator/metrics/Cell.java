package dev.polyphase.orchestrator.metrics;

/** The value of one series. Written by whoever knows it, read by whoever asks. */
final class Cell {
  private double value;
  private long count;

  synchronized void set(double to) {
    value = to;
  }

  synchronized void add(double more) {
    value += more;
  }

  /** Counts so many events that took so long together. */
  synchronized void observe(long events, double seconds) {
    count += events;
    value += seconds;
  }

  synchronized double value() {
    return value;
  }

  synchronized long count() {
    return count;
  }
}
