package dev.polyphase.orchestrator.cli;

/** The program. */
public final class Main {
  private Main() {}

  /** Runs one command and ends with its exit code. */
  public static void main(String[] args) {
    System.exit(new Cli(Backend.embedded(), Console.ofProcess(), System.getenv()).execute(args));
  }
}
