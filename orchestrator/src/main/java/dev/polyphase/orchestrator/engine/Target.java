package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.AlwaysTrained;
import dev.polyphase.rescanner.Measure;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.Scan;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.ScanTarget;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.rescanner.SpectraFile;
import dev.polyphase.rescanner.TrainableTensors;
import dev.polyphase.rescanner.UnfrozenParameters;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Which tensors a phase trains, decided on the weights that it starts from. */
final class Target {
  private static final Selection NO_SELECTION =
      new Selection(SelectionRule.published(100), List.of());

  private Target() {}

  /**
   * What a phase trains.
   *
   * @param tensors their names
   * @param rows the rows to train of tensors of which not all are trained
   * @param notes what a user should know of it, a sentence each
   */
  record Decision(Set<String> tensors, Map<String, RowRanges> rows, List<String> notes) {}

  /**
   * Checks what the names and numbers of the modules decide: that something will be trained.
   *
   * @throws InputException where nothing would be
   */
  static void check(Phase phase, Checkpoint checkpoint) throws IOException {
    if (phase.targeting() instanceof Targeting.Snr snr) {
      ScanTargets targets = targets(checkpoint, snr);
      Selection.requirePick(targets.candidates(), snr.rule());
      AlwaysTrained.of(checkpoint, snr.alwaysTrain());
    } else if (phase.targeting() instanceof Targeting.Parameters parameters) {
      UnfrozenParameters.of(parameters.unfrozenParameters(), parameters.match()).match(checkpoint);
    }
  }

  /**
   * Decides, and writes {@code selection.yaml}, after a scan {@code snr.json} and {@code
   * spectra.jsonl} too.
   *
   * @param seed of the pipeline; with the phase's name it draws a random selection
   */
  static Decision decide(
      Phase phase,
      long seed,
      Checkpoint checkpoint,
      PhaseFolder folder,
      SingularValues singularValues,
      ScanListener listener)
      throws IOException {
    if (phase.targeting() instanceof Targeting.Snr snr) {
      Measure measure = new Measure(snr.rule().profile(), snr.rule().metric());
      Scan scan = Rescanner.scan(targets(checkpoint, snr), measure, singularValues, listener);
      SnrFile.write(folder.snrJson(), scan.snrs());
      SpectraFile.write(folder.spectraJsonl(), scan);
      Selection selection = Selection.of(scan.candidates(), snr.rule(), seed + "/" + phase.name());
      AlwaysTrained always = AlwaysTrained.of(checkpoint, snr.alwaysTrain());
      SelectionFile.write(folder.selectionYaml(), selection, always.patterns());
      return new Decision(
          TrainableTensors.of(checkpoint, selection, always), Map.of(), scan.notes());
    }
    Decision decision =
        phase.targeting() instanceof Targeting.Parameters parameters
            ? matched(checkpoint, parameters)
            : new Decision(allOf(checkpoint), Map.of(), List.of());
    SelectionFile.write(folder.selectionYaml(), NO_SELECTION, patterns(decision));
    return decision;
  }

  /** The modules to scan; parts of a tensor can be scanned, but not trained by themselves. */
  private static ScanTargets targets(Checkpoint checkpoint, Targeting.Snr snr) throws IOException {
    ScanTargets targets = ScanTargets.of(checkpoint, snr.modules(), snr.rule().profile());
    for (ScanTarget target : targets.targets()) {
      if (!checkpoint.contains(target.tensor().name())) {
        throw new InputException(
            "modules means "
                + target.tensor().name()
                + ", one expert of a tensor that holds several; these can be scanned, but training"
                + " them is not built yet; name other modules");
      }
    }
    return targets;
  }

  private static Decision matched(Checkpoint checkpoint, Targeting.Parameters parameters)
      throws IOException {
    UnfrozenParameters.Matches matches =
        UnfrozenParameters.of(parameters.unfrozenParameters(), parameters.match())
            .match(checkpoint);
    List<String> table =
        matches.patterns().stream()
            .map(
                match ->
                    String.format(
                        Locale.ROOT,
                        "%s matches %,d tensors, %,d parameters",
                        match.pattern(),
                        match.tensors().size(),
                        match.parameters()))
            .toList();
    return new Decision(matches.all(), matches.rows(), table);
  }

  /** In the syntax of {@code unfrozen_parameters}, one range of rows a line. */
  private static List<String> patterns(Decision decision) {
    List<String> patterns = new ArrayList<>();
    for (String tensor : decision.tensors()) {
      RowRanges rows = decision.rows().get(tensor);
      if (rows == null) {
        patterns.add(tensor);
      } else {
        rows.ranges()
            .forEach(range -> patterns.add(tensor + "[" + range.start() + ":" + range.end() + "]"));
      }
    }
    return patterns;
  }

  private static Set<String> allOf(Checkpoint checkpoint) {
    Set<String> names = new LinkedHashSet<>();
    checkpoint.tensors().stream()
        .map(TensorInfo::name)
        .filter(name -> !name.endsWith(".inv_freq"))
        .forEach(names::add);
    return names;
  }
}
