package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SnrFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "select",
    mixinStandardHelpOptions = true,
    description = "Selects the best modules of each type from an existing scan.")
final class SelectCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "SNR.json", description = "A scan, also one of the published ones.")
  private Path scan = Path.of("");

  @Option(
      names = "--top-percent",
      required = true,
      paramLabel = "N",
      description = "How many modules of each type, in percent.")
  private double topPercent;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "Where to write the selection; standard output by default.")
  private @Nullable Path output;

  SelectCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (!Files.isRegularFile(scan)) {
      throw new InputException(
          Place.in(scan.toString()), "there is no such file; name the snr.json of a scan");
    }
    Selection selection = Selection.of(SnrFile.read(scan), topPercent);
    if (output == null) {
      console.results().print(SelectionFile.text(selection, SelectionFile.PUBLISHED_HEAD));
      console.results().flush();
    } else {
      OutputFiles.requirePlace(output);
      SelectionFile.write(output, selection, SelectionFile.PUBLISHED_HEAD);
    }
    return ExitCode.DONE;
  }
}
