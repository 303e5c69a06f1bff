package dev.polyphase.orchestrator.cli;

import dev.polyphase.weights.TemporaryFolder;
import java.util.Locale;
import java.util.Map;

/** The program. */
public final class Main {
  private Main() {}

  /** Runs one command and ends with its exit code. */
  public static void main(String[] args) {
    // Figures in messages and file names are the same everywhere, whatever digits a locale has.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    TemporaryFolder.removeLeftovers();
    Map<String, String> environment = System.getenv();
    Console console = Console.ofProcess(environment);
    System.exit(new Cli(Backend.shipped(), console, environment).execute(args));
  }
}
