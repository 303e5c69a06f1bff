package dev.polyphase.phases.bench;

/** An optimiser step on one batch of random tokens, to be taken again and again. */
public interface BenchStep extends AutoCloseable {

  /** Takes the step, and returns when it is done. */
  void run();

  @Override
  void close();
}
