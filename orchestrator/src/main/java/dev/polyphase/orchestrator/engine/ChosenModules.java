package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.pipelines.SelectionRule.Metric;
import dev.polyphase.reports.ModuleReport;
import dev.polyphase.rescanner.Candidate;
import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.ModuleSnr;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.rescanner.SpectraFile;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a phase chose, at its beginning or on its way, read back from its folder; nothing where it
 * had not chosen yet.
 *
 * @param modules the modules among which it chose
 * @param always those that it trains beside them, whatever their SNR
 */
record ChosenModules(List<ModuleReport> modules, List<ModuleReport> always) {
  /** What follows the name of a tensor of which some rows are trained; one expert has no colon. */
  private static final Pattern ROWS = Pattern.compile("\\[\\d+:\\d+]$");

  /** The pattern of a whole tensor, or of one expert's part of it. */
  private static final Pattern TENSOR = Pattern.compile("\\^(.+)\\$((?:\\[\\d+])?)");

  private static final ChosenModules NOTHING_YET = new ChosenModules(List.of(), List.of());

  /**
   * The choices of a phase that scanned: the modules in the order of its first scan, each with its
   * rank in that by a metric, and selected where any of its decisions took it.
   */
  static ChosenModules scanned(PhaseFolder phase, Metric metric) throws IOException {
    DecisionFolder folder = phase.decision();
    if (!Files.exists(folder.snrJson()) || !Files.exists(folder.selectionYaml())) {
      return NOTHING_YET;
    }
    List<ModuleSnr> snrs = SnrFile.read(folder.snrJson());
    Map<String, Double> scores =
        metric == Metric.SNR ? Map.of() : SpectraFile.readScores(folder.spectraJsonl());
    Map<String, Integer> ranks =
        Selection.ranks(
            snrs.stream()
                .map(snr -> new Candidate(snr, scores.getOrDefault(snr.module(), snr.snr()), 0))
                .toList(),
            metric);
    Set<String> always = new LinkedHashSet<>(selected(folder));
    for (DecisionFolder rescan : phase.rescansDone().values()) {
      always.addAll(selected(rescan));
    }
    List<ModuleReport> modules = new ArrayList<>();
    for (ModuleSnr snr : snrs) {
      // What the selection names beyond the scan is what remains.
      boolean selected = always.remove(snr.module());
      modules.add(
          new ModuleReport(
              snr.module(),
              snr.type(),
              layer(new ModuleName(snr.module())),
              snr.snr(),
              ranks.get(snr.module()),
              selected));
    }
    return new ChosenModules(
        modules, always.stream().map(name -> unranked(new ModuleName(name), true)).toList());
  }

  /**
   * The choice of a phase that took parameters by their names: all modules, of which those are
   * trained that have a trained tensor.
   *
   * @param weights the weights to list; without them the trained modules alone are known
   */
  static ChosenModules unscanned(DecisionFolder folder, Optional<Checkpoint> weights)
      throws IOException {
    if (!Files.exists(folder.selectionYaml())) {
      return NOTHING_YET;
    }
    SortedMap<ModuleName, Boolean> trained = new TreeMap<>();
    if (weights.isPresent()) {
      TextNames names = TextNames.of(weights.get());
      for (TensorInfo tensor : weights.get().parts()) {
        if (names.covers(tensor.name())) {
          trained.put(ModuleName.ofTensor(tensor.name()), false);
        }
      }
    }
    for (String tensor : SelectionFile.read(folder.selectionYaml())) {
      trained.put(ModuleName.ofTensor(ROWS.matcher(tensor).replaceFirst("")), true);
    }
    List<ModuleReport> modules = new ArrayList<>();
    trained.forEach((module, selected) -> modules.add(unranked(module, selected)));
    return new ChosenModules(modules, List.of());
  }

  /** The modules that a decision took, in the order of its file. */
  static Set<String> selected(DecisionFolder folder) throws IOException {
    return modulesOf(SelectionFile.read(folder.selectionYaml()));
  }

  /** The modules that the patterns of a selection mean, in their order. */
  static Set<String> modulesOf(List<String> patterns) {
    Set<String> modules = new LinkedHashSet<>();
    patterns.forEach(pattern -> modules.add(moduleOf(pattern)));
    return modules;
  }

  /**
   * A module by its pattern: its name, or for what is always trained that of a tensor of its,
   * {@code ^lm_head.weight$}.
   */
  private static String moduleOf(String pattern) {
    Matcher tensor = TENSOR.matcher(pattern);
    return tensor.matches()
        ? ModuleName.ofTensor(tensor.group(1) + tensor.group(2)).text()
        : pattern;
  }

  private static ModuleReport unranked(ModuleName module, boolean selected) {
    return new ModuleReport(module.text(), module.type(), layer(module), null, null, selected);
  }

  private static @Nullable Integer layer(ModuleName module) {
    OptionalInt layer = module.layer();
    return layer.isPresent() ? layer.getAsInt() : null;
  }
}
