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
import dev.polyphase.rescanner.ScanPart;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.rescanner.SpectrumCache;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.OutputPlace;
import dev.polyphase.weights.TextNames;
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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "scan",
    mixinStandardHelpOptions = true,
    description = {
      "Measures the signal-to-noise ratio of a model's modules.",
      "Unless --device names one, it is on the CPU or the first GPU, for each shape of matrices on"
          + " the one that is faster. What was decomposed once, in part or whole, is kept by its"
          + " content in POLYPHASE_HOME/cache/spectra, where run finds it too."
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
  private @Nullable Path output;

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
          "What to scan: module types, projections, re:REGEX, or all; the model's projections by"
              + " default. A * in a type is any number.")
  private List<String> modules = List.of(Targeting.MODEL_PROJECTIONS);

  @Option(
      names = "--profile",
      defaultValue = "spectrum",
      paramLabel = "P",
      description =
          "spectrum: as the published scanner; robust: finite ratios, at least one module a type.")
  private Profile profile = Profile.SPECTRUM;

  @Option(names = "--force", description = "Replace results of other models or settings.")
  private boolean force;

  @Option(
      names = "--part",
      converter = ScanPartText.class,
      paramLabel = "K/N",
      description = {
        "Scan the K-th of N parts, all about the same work, for N machines that share"
            + " POLYPHASE_HOME or its folder cache/spectra.",
        "It writes no results: when all parts are done, the same command without --part does, and"
            + " computes nothing."
      })
  private @Nullable ScanPart part;

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
    if (part != null) {
      fill(part);
    } else {
      scanAll(output == null ? Path.of(".") : output);
    }
    return ExitCode.DONE;
  }

  /** Computes a part of what the scan needs, and leaves it where the scan will look for it. */
  private void fill(ScanPart asked) throws IOException {
    requireNoResults();
    SpectrumCache spectra = home.spectra();
    spectra.requireWritable();
    ScanTargets all =
        ScanTargets.of(Checkpoint.open(models.resolve(model, HERE)), modules, profile);
    ScanTargets ours = asked.of(all);
    int computed;
    try (CachedSingularValues values =
        CachedSingularValues.filling(decompositions(), spectra, display::say)) {
      scan(ours, values).notes().forEach(display::say);
      computed = values.computed();
    }
    display.say(
        "part %d of %d: %d of %d matrices, of which %d were computed and %d there already, are in %s"
            .formatted(
                asked.number(),
                asked.count(),
                ours.matrices(),
                all.matrices(),
                computed,
                ours.matrices() - computed,
                spectra.folder()));
    display.say(
        "when all %d parts are there, the same command without --part computes nothing and writes the results"
            .formatted(asked.count()));
  }

  /** A part has no results: an option that says something of them is a misunderstanding. */
  private void requireNoResults() {
    List<String> options = new ArrayList<>();
    if (output != null) {
      options.add("-o");
    }
    if (!topPercents.isEmpty()) {
      options.add("--top-percent");
    }
    if (force) {
      options.add("--force");
    }
    if (!options.isEmpty()) {
      throw new InputException(
          "a part of a scan has no results to write; keep %s for the scan without --part that comes after all parts"
              .formatted(String.join(", ", options)));
    }
  }

  private void scanAll(Path results) throws IOException {
    // A wrong percentage shows here, not after an hour of scanning.
    topPercents.forEach(percent -> Selection.of(List.of(), percent));
    Path folder = models.resolve(model, HERE);
    Checkpoint checkpoint = Checkpoint.open(folder);
    ScanTargets targets = ScanTargets.of(checkpoint, modules, profile);
    String snrName = PublishedNames.snrFile(slug(folder));
    Path snrFile = results.resolve(snrName);
    requirePlaces(results, snrName);
    if (!force) {
      requireSameModules(snrFile, targets);
    }
    Scan scan;
    try (SingularValues values =
        new CachedSingularValues(decompositions(), home.spectra(), display::say)) {
      scan = scan(targets, values);
    }
    scan.notes().forEach(display::say);
    NotFinite.besides(scan, checkpoint).forEach(display::say);
    ScanTargets.noteOfOtherParts(checkpoint).ifPresent(display::say);

    List<Selection> selections = new ArrayList<>();
    Map<Path, String> files = new LinkedHashMap<>();
    files.put(snrFile, SnrFile.text(scan.snrs()));
    for (double percent : topPercents) {
      Selection selection = Selection.of(scan.snrs(), percent, profile);
      selections.add(selection);
      files.put(
          results.resolve(PublishedNames.selectionFile(snrName, percent)),
          SelectionFile.text(selection, SelectionFile.head(TextNames.of(checkpoint))));
    }
    write(results, files);
    List<String> headings =
        topPercents.stream()
            .map(percent -> "chosen at " + Selection.percentText(percent) + " %")
            .toList();
    console.messages().print(ScanTable.text(scan.snrs(), selections, headings, console.colored()));
    console.messages().flush();
  }

  /** A phase's model is called by its run and phase: the folders of all of them have one name. */
  private String slug(Path folder) {
    return ModelFolders.id(model, HERE)
        .or(() -> RunFolder.nameOfModel(folder))
        .map(PublishedNames::slugOfId)
        .orElseGet(() -> PublishedNames.slugOfFolder(folder));
  }

  /** What can't be written shows here, not after an hour of scanning. */
  private void requirePlaces(Path results, String snrName) throws IOException {
    List<String> names = new ArrayList<>(List.of(snrName));
    topPercents.forEach(percent -> names.add(PublishedNames.selectionFile(snrName, percent)));
    for (String name : names) {
      OutputPlace.requireFolder(results, Path.of(name));
      if (Files.isDirectory(results)) {
        OutputPlace.requireFile(results.resolve(name));
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
  private void write(Path results, Map<Path, String> files) throws IOException {
    Files.createDirectories(results);
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

  private Scan scan(ScanTargets targets, SingularValues values) throws IOException {
    ScanProgress progress = new ScanProgress(targets, display, System::nanoTime);
    try {
      return Rescanner.scan(targets, new Measure(profile, Metric.SNR), values, progress);
    } finally {
      display.clear();
    }
  }

  /** What computes what no earlier scan, interrupted or not, has computed. */
  private SingularValues decompositions() {
    String asked = deviceOption.device();
    return backend.singularValues().open(asked, asked.equals("auto"), display::say);
  }
}
