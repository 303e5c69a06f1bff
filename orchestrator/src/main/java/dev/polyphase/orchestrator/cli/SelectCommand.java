package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.Place;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.weights.OutputPlace;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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

  @Parameters(
      paramLabel = "SNR.json",
      description = "A scan, also a published one; - is standard input.")
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

  @Option(names = "--force", description = "Replace another selection at that place.")
  private boolean force;

  SelectCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    if (output != null) {
      OutputFiles.requireNoInput(output, List.of(scan));
      OutputPlace.requireFile(output);
    }
    List<ModuleSnr> modules = read(scan);
    TextNames names = TextNames.ofModules(modules.stream().map(ModuleSnr::module).toList());
    String text = SelectionFile.text(Selection.of(modules, topPercent), SelectionFile.head(names));
    if (output != null && !force) {
      OutputFiles.requireSame(output, text);
    }
    OutputFiles.write(output == null ? Path.of("-") : output, text, console);
    return ExitCode.DONE;
  }

  /** A scan that a user names: a file, or standard input. */
  static List<ModuleSnr> read(Path scan) throws IOException {
    if (!InputFile.isStream(scan) && !InputFile.isThere(scan)) {
      throw new InputException(
          Place.in(scan.toString()), "there is no such file; name the snr.json of a scan");
    }
    return SnrFile.read(scan);
  }
}
