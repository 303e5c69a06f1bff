package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.rescanner.Comparison;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.SnrFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
    Comparison comparison = Comparison.of(read(first), read(second), topPercent);
    String text =
        json ? ComparisonText.json(comparison) : ComparisonText.plain(comparison, topPercent);
    console.results().print(text);
    console.results().flush();
    return ExitCode.DONE;
  }

  private static List<ModuleSnr> read(Path scan) throws IOException {
    if (!Files.isRegularFile(scan)) {
      throw new InputException(
          Place.in(scan.toString()), "there is no such file; name the snr.json of a scan");
    }
    return SnrFile.read(scan);
  }
}
