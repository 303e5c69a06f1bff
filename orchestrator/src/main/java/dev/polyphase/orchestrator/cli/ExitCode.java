package dev.polyphase.orchestrator.cli;

/** The exit codes. Scripts act on them: they are a contract. */
final class ExitCode {
  static final int DONE = 0;
  static final int FAILED = 1;

  /** Command line, YAML, data or model; nothing was written. */
  static final int WRONG_INPUT = 2;

  /** The state is saved, the same command resumes. */
  static final int INTERRUPTED = 75;

  private ExitCode() {}
}
