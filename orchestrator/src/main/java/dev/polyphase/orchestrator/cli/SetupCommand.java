package dev.polyphase.orchestrator.cli;

import picocli.CommandLine.Command;

@Command(
    name = "setup",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Prepares this machine for the commands that follow.")
final class SetupCommand {}
