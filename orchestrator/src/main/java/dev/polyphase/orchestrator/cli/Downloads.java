package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.DownloadProgress;
import dev.polyphase.orchestrator.hub.DownloadListener;
import dev.polyphase.weights.TemporaryFolder;

/**
 * What a command does while it downloads: it shows how far that is, and ends at a signal. All that
 * has come is on the disk by then, and the same command goes on from there.
 */
final class Downloads implements DownloadListener {
  private final Display display;
  private final DownloadProgress progress;
  private Runnable asBefore = () -> {};

  Downloads(Display display) {
    this.display = display;
    this.progress = new DownloadProgress(display, System::nanoTime);
  }

  @Override
  public void begins(String what, String from, int files, long bytes, long there) {
    asBefore = ProcessSignals.toStop(number -> stop());
    progress.begins(what, from, files, bytes, there);
  }

  @Override
  public void received(long bytes) {
    progress.received(bytes);
  }

  @Override
  public void say(String sentence) {
    progress.say(sentence);
  }

  @Override
  public void ends() {
    progress.ends();
    asBefore.run();
    asBefore = () -> {};
  }

  private void stop() {
    display.say("stopped; what was downloaded is kept, and the same command goes on from there");
    TemporaryFolder.removeAll();
    // Not System.exit: it would wait for the threads that download.
    Runtime.getRuntime().halt(ExitCode.INTERRUPTED);
  }
}
