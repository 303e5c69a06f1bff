package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.ScanProgress;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.rescanner.CachedSingularValues;
import dev.polyphase.rescanner.Measure;
import dev.polyphase.rescanner.NotFinite;
import dev.polyphase.rescanner.PublishedNames;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.Scan;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.weights.Checkpoint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "scan",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the signal-to-noise ratio of a model's modules.",
      "It is on the CPU unless --device names another."
    })
final class ScanCommand implements Callable<Integer> {
  private static final Path HERE = Path.of("");

  private final Backend backend;
  private final ModelFolders models;
  private final PolyphaseHome home;
  private final Console console;
  private final Display display;

  @Parameters(paramLabel = "MODEL", description = "A folder, or the id of a downloaded model.")
  private String model = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "The folder to write into; the current one by default.")
  private Path output = Path.of(".");

  @Option(
      names = "--top-percent",
      paramLabel = "N",
      description = "Write a selection of the best N percent too; may be repeated.")
  private List<Double> topPercents = List.of();

  @Option(
      names = "--modules",
      split = ",",
      paramLabel = "TYPE",
      description =
          "What to scan: module types, re:REGEX, or all; the seven projections by default.")
  private List<String> modules = Targeting.PROJECTIONS;

  @Option(
      names = "--profile",
      defaultValue = "spectrum",
      paramLabel = "P",
      description =
          "spectrum: as the published scanner; robust: finite ratios, at least one module a type.")
  private Profile profile = Profile.SPECTRUM;

  @Mixin private DeviceOption deviceOption = new DeviceOption();

  /**
   * The command.
   *
   * @param home where singular values are kept
   * @param display where progress goes
   */
  ScanCommand(
      Backend backend, ModelFolders models, PolyphaseHome home, Console console, Display display) {
    this.backend = backend;
    this.models = models;
    this.home = home;
    this.console = console;
    this.display = display;
  }

  @Override
  public Integer call() throws IOException {
    // A wrong percentage shows here, not after an hour of scanning.
    topPercents.forEach(percent -> Selection.of(List.of(), percent));
    Path folder = models.resolve(model, HERE);
    Checkpoint checkpoint = Checkpoint.open(folder);
    ScanTargets targets = ScanTargets.of(checkpoint, modules, profile);
    Scan scan = scan(targets);
    scan.notes().forEach(display::say);
    NotFinite.besides(scan, checkpoint).forEach(display::say);

    Files.createDirectories(output);
    String slug =
        models.isId(model, HERE)
            ? PublishedNames.slugOfId(model)
            : PublishedNames.slugOfFolder(folder);
    Path snrFile = output.resolve(PublishedNames.snrFile(slug));
    SnrFile.write(snrFile, scan.snrs());
    console.results().println(PlainText.of(snrFile.toString()));
    List<Selection> selections = new ArrayList<>();
    for (double percent : topPercents) {
      Path file =
          output.resolve(PublishedNames.selectionFile(PublishedNames.snrFile(slug), percent));
      Selection selection = Selection.of(scan.snrs(), percent, profile);
      selections.add(selection);
      SelectionFile.write(file, selection, SelectionFile.PUBLISHED_HEAD);
      console.results().println(PlainText.of(file.toString()));
    }
    List<String> headings =
        topPercents.stream()
            .map(percent -> "chosen at " + Selection.percentText(percent) + " %")
            .toList();
    console.messages().print(ScanTable.text(scan.snrs(), selections, headings, console.colored()));
    console.messages().flush();
    return ExitCode.DONE;
  }

  private Scan scan(ScanTargets targets) throws IOException {
    ScanProgress progress = new ScanProgress(targets, display, System::nanoTime);
    try (SingularValues values = singularValues()) {
      return Rescanner.scan(targets, new Measure(profile, Metric.SNR), values, progress);
    } finally {
      display.clear();
    }
  }

  /** What an earlier scan computed, interrupted or not, is not computed again. */
  private SingularValues singularValues() {
    String asked = deviceOption.device();
    String device = asked.equals("auto") ? Backend.SCANS_ON : asked;
    return new CachedSingularValues(
        backend.singularValues().apply(device), home.spectra(), display::say);
  }
}
