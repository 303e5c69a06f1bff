package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.LearningRatesFile;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.rescanner.Scan;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.rescanner.SpectraFile;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What a decision leaves in its folder.
 *
 * @param scan what was measured; empty where parameters were taken by their names
 * @param selection the modules that it takes
 * @param head the patterns before those of the selection
 * @param rates the rule by which learning rates follow from the scan, if there is one
 * @param rateFactors by what each module's learning rate is multiplied then
 */
record DecisionFiles(
    Optional<Scan> scan,
    Selection selection,
    List<String> head,
    Optional<LrBySnr> rates,
    Map<String, Double> rateFactors) {
  private static final Selection NO_SELECTION =
      new Selection(SelectionRule.published(100), List.of());

  /** Those of parameters that are taken by these patterns. */
  static DecisionFiles named(List<String> patterns) {
    return new DecisionFiles(Optional.empty(), NO_SELECTION, patterns, Optional.empty(), Map.of());
  }

  /**
   * Writes {@code selection.yaml}, after a scan {@code snr.json} and {@code spectra.jsonl} too, and
   * with {@code lr_by_snr} {@code learning_rates.json}.
   */
  void write(DecisionFolder folder) throws IOException {
    Files.createDirectories(folder.path());
    if (scan.isPresent()) {
      SnrFile.write(folder.snrJson(), scan.get().snrs());
      SpectraFile.write(folder.spectraJsonl(), scan.get());
    }
    SelectionFile.write(folder.selectionYaml(), selection, head);
    if (rates.isPresent()) {
      LearningRatesFile.write(folder, rates.get(), rateFactors);
    }
  }

  /** The modules that are taken, as {@link ChosenModules#selected} reads them back. */
  Set<String> modules() {
    List<String> patterns = new ArrayList<>(head);
    selection
        .types()
        .forEach(type -> type.selected().forEach(module -> patterns.add(module.module())));
    return ChosenModules.modulesOf(patterns);
  }
}
