package dev.polyphase.orchestrator.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

@Command(
    name = "polyphase",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    description = "Trains a language model in phases, each on its layers of best signal-to-noise.",
    footer = {
      "",
      "Exit codes: 0 done; 1 failed; 2 wrong input, nothing was written;",
      "75 interrupted with the state saved, the same command resumes."
    })
final class RootCommand {

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  boolean debug;
}
