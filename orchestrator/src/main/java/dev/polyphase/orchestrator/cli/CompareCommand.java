package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.rescanner.Comparison;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "compare",
    mixinStandardHelpOptions = true,
    description = "Says what differs between two scans: selections, ranks, largest moves.")
final class CompareCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(index = "0", paramLabel = "A.json", description = "A scan.")
  private Path first = Path.of("");

  @Parameters(index = "1", paramLabel = "B.json", description = "A later scan.")
  private Path second = Path.of("");

  @Option(
      names = "--top-percent",
      defaultValue = "25",
      paramLabel = "N",
      description = "The selections to compare: the best N percent of each type; 25 by default.")
  private double topPercent = 25;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  CompareCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (InputFile.isStandardInput(first) && InputFile.isStandardInput(second)) {
      throw new InputException("standard input holds one scan; name a file for the other");
    }
    Comparison comparison =
        Comparison.of(SelectCommand.read(first), SelectCommand.read(second), topPercent);
    String text =
        json ? ComparisonText.json(comparison) : ComparisonText.plain(comparison, topPercent);
    console.results().print(text);
    console.results().flush();
    return ExitCode.DONE;
  }
}
