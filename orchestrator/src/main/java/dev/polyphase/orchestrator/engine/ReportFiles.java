package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.orchestrator.store.RunState;
import dev.polyphase.phases.api.PhaseResult;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.reports.ModuleReport;
import dev.polyphase.reports.PhaseReport;
import dev.polyphase.reports.PhaseTotals;
import dev.polyphase.reports.Report;
import dev.polyphase.reports.ReportJson;
import dev.polyphase.rescanner.Candidate;
import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.rescanner.SpectraFile;
import dev.polyphase.weights.AtomicFiles;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Makes the report from what a run's folder holds, and from nothing else. */
final class ReportFiles {

  private ReportFiles() {}

  /** Writes the report of the phases finished so far. */
  static void write(RunFolder run, Pipeline pipeline, RunState state) throws IOException {
    List<PhaseReport> phases = new ArrayList<>();
    for (int i = 0; i < state.finishedPhases(); i++) {
      PhaseResult result = state.phases().get(i).result();
      Phase phase = pipeline.phases().get(i);
      if (result != null) {
        phases.add(report(phase, run.phase(i, phase.name()), result));
      }
    }
    Files.createDirectories(run.reportJson().getParent());
    AtomicFiles.writeString(run.reportJson(), ReportJson.write(new Report(phases)));
  }

  private static PhaseReport report(Phase phase, PhaseFolder folder, PhaseResult result)
      throws IOException {
    Checkpoint model = Checkpoint.open(folder.model());
    List<ModuleReport> modules =
        phase.targeting() instanceof Targeting.Snr snr
            ? scanned(folder, snr.rule().metric())
            : unscanned(model, tensors(SelectionFile.read(folder.selectionYaml())));
    PhaseTotals totals =
        new PhaseTotals(
            modules.size(),
            modules.stream().filter(ModuleReport::selected).count(),
            model.tensors().stream().mapToLong(TensorInfo::elements).sum(),
            result.trainedValues(),
            result.changedValues(),
            result.steps(),
            result.tokens());
    return new PhaseReport(
        phase.name(), phase.type().name().toLowerCase(Locale.ROOT), modules, totals);
  }

  /** The modules in the scan's order, each with its place in its type. */
  private static List<ModuleReport> scanned(PhaseFolder folder, Metric metric) throws IOException {
    List<ModuleSnr> snrs = SnrFile.read(folder.snrJson());
    Map<String, Double> scores =
        metric == Metric.SNR ? Map.of() : SpectraFile.readScores(folder.spectraJsonl());
    Map<String, Integer> ranks =
        Selection.ranks(
            snrs.stream()
                .map(snr -> new Candidate(snr, scores.getOrDefault(snr.module(), snr.snr()), 0))
                .toList(),
            metric);
    Set<String> selected = new HashSet<>(SelectionFile.read(folder.selectionYaml()));
    List<ModuleReport> modules = new ArrayList<>();
    for (ModuleSnr snr : snrs) {
      modules.add(
          new ModuleReport(
              snr.module(),
              snr.type(),
              layer(new ModuleName(snr.module())),
              snr.snr(),
              ranks.get(snr.module()),
              selected.contains(snr.module())));
    }
    return modules;
  }

  /** The tensors of patterns that may end in a range of rows. */
  private static Set<String> tensors(List<String> patterns) {
    return patterns.stream()
        .map(pattern -> pattern.replaceFirst("\\[[0-9:]*]$", ""))
        .collect(Collectors.toSet());
  }

  /** All modules; selected is one of which a tensor was trained. */
  private static List<ModuleReport> unscanned(Checkpoint model, Set<String> trained) {
    SortedMap<ModuleName, Boolean> selected = new TreeMap<>();
    for (TensorInfo tensor : model.tensors()) {
      int end = tensor.name().lastIndexOf('.');
      ModuleName module = new ModuleName(end < 0 ? tensor.name() : tensor.name().substring(0, end));
      selected.merge(module, trained.contains(tensor.name()), Boolean::logicalOr);
    }
    return selected.entrySet().stream()
        .map(
            module ->
                new ModuleReport(
                    module.getKey().text(),
                    module.getKey().type(),
                    layer(module.getKey()),
                    null,
                    null,
                    module.getValue()))
        .toList();
  }

  private static @Nullable Integer layer(ModuleName module) {
    OptionalInt layer = module.layer();
    return layer.isPresent() ? layer.getAsInt() : null;
  }
}
