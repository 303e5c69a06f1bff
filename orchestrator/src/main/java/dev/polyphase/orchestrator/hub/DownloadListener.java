package dev.polyphase.orchestrator.hub;

import java.time.Duration;

/** What is told of a download, of several threads. */
public interface DownloadListener {

  /**
   * A download begins.
   *
   * @param what as {@code model Qwen/Qwen3-8B}
   * @param from the hub's host
   * @param files how many there are to be
   * @param bytes how many these are
   * @param there how many of them are in the cache already
   */
  void begins(String what, String from, int files, long bytes, long there);

  /** So many bytes more are there; fewer than none where some had to be thrown away. */
  void received(long bytes);

  /** Something that people should know. */
  void say(String sentence);

  /** The download is done, or failed. */
  void ends();

  /** Waits before something is tried again. */
  @FunctionalInterface
  interface Waiter {
    /** Waits so long. */
    void await(Duration time) throws InterruptedException;
  }
}
