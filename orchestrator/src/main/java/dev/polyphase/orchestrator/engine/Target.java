package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.LearningRatesFile;
import dev.polyphase.pipelines.LrBySnr;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.SelectionRule;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.AlwaysTrained;
import dev.polyphase.rescanner.LearningRateFactors;
import dev.polyphase.rescanner.Measure;
import dev.polyphase.rescanner.NotFinite;
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

/** Which tensors a phase trains, decided on the weights as they stand. */
final class Target {
  private static final Selection NO_SELECTION =
      new Selection(SelectionRule.published(100), List.of());

  private Target() {}

  /**
   * What a phase trains.
   *
   * @param tensors their names
   * @param rows the rows to train of tensors of which not all are trained
   * @param rateFactors by what the learning rate of a module is multiplied; 1 of those not named
   * @param patterns what each pattern of {@code unfrozen_parameters} matches
   * @param notes what is odd about the weights, a sentence each
   */
  record Decision(
      Set<String> tensors,
      Map<String, RowRanges> rows,
      Map<String, Double> rateFactors,
      List<UnfrozenParameters.Match> patterns,
      List<String> notes) {

    /** What a user should know of it. */
    List<String> sentences() {
      List<String> sentences = new ArrayList<>(notes);
      patterns.forEach(match -> sentences.add(sentence(match)));
      return sentences;
    }
  }

  /**
   * What is chosen by its name, with any method but {@code snr}.
   *
   * @throws InputException where a pattern is wrong or matches none
   */
  static Decision named(Phase phase, Checkpoint checkpoint) throws IOException {
    if (phase.trained().targeting() instanceof Targeting.Parameters parameters) {
      UnfrozenParameters.Matches matches =
          UnfrozenParameters.of(parameters.unfrozenParameters(), parameters.match())
              .match(checkpoint);
      return new Decision(matches.all(), matches.rows(), Map.of(), matches.patterns(), List.of());
    }
    return new Decision(allOf(checkpoint), Map.of(), Map.of(), List.of(), List.of());
  }

  /**
   * The modules among which a scan chooses.
   *
   * @throws InputException where there are none, or where they are parts of tensors: these can be
   *     scanned, but not trained by themselves
   */
  static ScanTargets ranked(Targeting.Snr snr, Checkpoint checkpoint) throws IOException {
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

  /**
   * Decides, and writes {@code selection.yaml}, after a scan {@code snr.json} and {@code
   * spectra.jsonl} too, and with {@code lr_by_snr} {@code learning_rates.json}.
   *
   * @param seed of the pipeline; with the phase's name it draws a random selection
   */
  static Decision decide(
      Phase phase,
      long seed,
      Checkpoint checkpoint,
      DecisionFolder folder,
      SingularValues singularValues,
      ScanListener listener)
      throws IOException {
    if (phase.trained().targeting() instanceof Targeting.Snr snr) {
      Measure measure = new Measure(snr.rule().profile(), snr.rule().metric());
      Scan scan = Rescanner.scan(ranked(snr, checkpoint), measure, singularValues, listener);
      SnrFile.write(folder.snrJson(), scan.snrs());
      SpectraFile.write(folder.spectraJsonl(), scan);
      Selection selection = Selection.of(scan.candidates(), snr.rule(), seed + "/" + phase.name());
      AlwaysTrained always = AlwaysTrained.of(checkpoint, snr.alwaysTrain());
      SelectionFile.write(folder.selectionYaml(), selection, always.patterns());
      return new Decision(
          TrainableTensors.of(checkpoint, selection, always),
          Map.of(),
          rateFactors(phase, selection, always, folder),
          List.of(),
          notes(scan, checkpoint));
    }
    Decision decision = named(phase, checkpoint);
    SelectionFile.write(folder.selectionYaml(), NO_SELECTION, patterns(decision));
    return decision;
  }

  private static List<String> notes(Scan scan, Checkpoint checkpoint) throws IOException {
    List<String> notes = new ArrayList<>(scan.notes());
    notes.addAll(NotFinite.besides(scan, checkpoint));
    return notes;
  }

  private static Map<String, Double> rateFactors(
      Phase phase, Selection selection, AlwaysTrained always, DecisionFolder folder)
      throws IOException {
    if (phase.learningRates().bySnr().isEmpty()) {
      return Map.of();
    }
    LrBySnr rule = phase.learningRates().bySnr().get();
    Map<String, Double> factors = LearningRateFactors.of(selection, always, rule);
    LearningRatesFile.write(folder, rule, factors);
    return factors;
  }

  private static String sentence(UnfrozenParameters.Match match) {
    return String.format(
        Locale.ROOT,
        "%s matches %,d tensors, %,d parameters",
        match.pattern(),
        match.tensors().size(),
        match.parameters());
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
