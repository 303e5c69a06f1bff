package dev.polyphase.orchestrator.cli;

import java.nio.charset.StandardCharsets;

/** The program. */
public final class Main {
  private Main() {}

  /** Runs one command and ends with its exit code. */
  public static void main(String[] args) {
    Console console = Console.of(System.out, System.err, StandardCharsets.UTF_8);
    System.exit(new Cli(Backend.embedded(), console, System.getenv()).execute(args));
  }
}
