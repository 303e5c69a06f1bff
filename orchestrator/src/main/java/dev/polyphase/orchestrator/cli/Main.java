package dev.polyphase.orchestrator.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The program. */
public final class Main {
  private Main() {}

  /** Runs one command and ends with its exit code. */
  public static void main(String[] args) {
    // Figures in messages and file names are the same everywhere, whatever digits a locale has.
    Locale.setDefault(Locale.Category.FORMAT, Locale.ROOT);
    // Not System.out, which keeps to itself that it can't be written.
    Console console =
        Console.of(new FileOutputStream(FileDescriptor.out), System.err, StandardCharsets.UTF_8);
    System.exit(new Cli(Backend.embedded(), console, System.getenv()).execute(args));
  }
}
