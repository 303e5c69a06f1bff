package dev.polyphase.trl.launch;

import java.nio.file.Path;

/** Plays a Polyphase that launches a job and is killed before it has ended. */
final class LaunchingProcess {
  static final int ATTEMPT = 7;

  private LaunchingProcess() {}

  public static void main(String[] arguments) throws Exception {
    LaunchSettings settings = new LaunchSettings("killed", Path.of(arguments[1]), 1, 2, false);
    Launcher.local(settings, Programs.ofThisProcess()).launch(Path.of(arguments[0]), ATTEMPT);
    Thread.currentThread().join();
  }
}
