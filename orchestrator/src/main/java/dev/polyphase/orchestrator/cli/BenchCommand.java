package dev.polyphase.orchestrator.cli;

import picocli.CommandLine.Command;

@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Measures this machine; standard output is one JSON object.")
final class BenchCommand {}
