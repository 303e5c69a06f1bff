package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.ScanProgress;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.SelectionRule.Profile;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
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
import dev.polyphase.weights.OutputPlace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  @Parameters(
      paramLabel = "MODEL",
      description = "A folder, or the id of a model on the hub, or ID@REVISION.")
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

  @Option(names = "--force", description = "Replace results of other models or settings.")
  private boolean force;

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
    String snrName = PublishedNames.snrFile(slug(folder));
    Path snrFile = output.resolve(snrName);
    requirePlaces(snrName);
    if (!force) {
      requireSameModules(snrFile, targets);
    }
    Scan scan = scan(targets);
    scan.notes().forEach(display::say);
    NotFinite.besides(scan, checkpoint).forEach(display::say);

    List<Selection> selections = new ArrayList<>();
    Map<Path, String> files = new LinkedHashMap<>();
    files.put(snrFile, SnrFile.text(scan.snrs()));
    for (double percent : topPercents) {
      Selection selection = Selection.of(scan.snrs(), percent, profile);
      selections.add(selection);
      files.put(
          output.resolve(PublishedNames.selectionFile(snrName, percent)),
          SelectionFile.text(selection, SelectionFile.PUBLISHED_HEAD));
    }
    write(files);
    List<String> headings =
        topPercents.stream()
            .map(percent -> "chosen at " + Selection.percentText(percent) + " %")
            .toList();
    console.messages().print(ScanTable.text(scan.snrs(), selections, headings, console.colored()));
    console.messages().flush();
    return ExitCode.DONE;
  }

  /** A phase's model is called by its run and phase: the folders of all of them have one name. */
  private String slug(Path folder) {
    return ModelFolders.id(model, HERE)
        .or(() -> RunFolder.nameOfModel(folder))
        .map(PublishedNames::slugOfId)
        .orElseGet(() -> PublishedNames.slugOfFolder(folder));
  }

  /** What can't be written shows here, not after an hour of scanning. */
  private void requirePlaces(String snrName) throws IOException {
    List<String> names = new ArrayList<>(List.of(snrName));
    topPercents.forEach(percent -> names.add(PublishedNames.selectionFile(snrName, percent)));
    for (String name : names) {
      OutputPlace.requireFolder(output, Path.of(name));
      if (Files.isDirectory(output)) {
        OutputPlace.requireFile(output.resolve(name));
      }
    }
  }

  /** Another model's results mostly show before the scan; what is left of them shows after it. */
  private static void requireSameModules(Path snrFile, ScanTargets targets) throws IOException {
    if (!Files.isRegularFile(snrFile)) {
      return;
    }
    Set<String> there = new HashSet<>();
    try {
      SnrFile.read(snrFile).forEach(snr -> there.add(snr.module()));
    } catch (InputException e) {
      throw OutputFiles.holdsOthers(snrFile);
    }
    Set<String> ours = new HashSet<>();
    targets.targets().forEach(target -> ours.add(target.module().text()));
    if (!there.equals(ours)) {
      throw OutputFiles.holdsOthers(snrFile);
    }
  }

  /** Writes all files or, where one of them holds other results, none. */
  private void write(Map<Path, String> files) throws IOException {
    Files.createDirectories(output);
    for (Map.Entry<Path, String> file : files.entrySet()) {
      if (!force) {
        OutputFiles.requireSame(file.getKey(), file.getValue());
      }
    }
    for (Map.Entry<Path, String> file : files.entrySet()) {
      OutputFiles.write(file.getKey(), file.getValue(), console);
      console.results().println(PlainText.of(file.getKey().toString()));
    }
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
