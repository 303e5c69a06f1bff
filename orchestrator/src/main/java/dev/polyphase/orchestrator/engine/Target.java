package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.DecisionFolder;
import dev.polyphase.orchestrator.store.LearningRatesFile;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.AlwaysTrained;
import dev.polyphase.rescanner.LearningRateFactors;
import dev.polyphase.rescanner.Measure;
import dev.polyphase.rescanner.ModuleName;
import dev.polyphase.rescanner.NotFinite;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.Scan;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.ScanTargets;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.TrainableTensors;
import dev.polyphase.rescanner.UnfrozenParameters;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.RowRanges;
import dev.polyphase.weights.TensorInfo;
import dev.polyphase.weights.TextNames;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Which tensors a phase trains, decided on the weights as they stand. */
final class Target {
  private Target() {}

  /**
   * What a phase trains.
   *
   * @param tensors their names
   * @param rows the rows to train of tensors of which not all are trained
   * @param rateFactors by what the learning rate of a module is multiplied; 1 of those not named
   * @param patterns what each pattern of {@code unfrozen_parameters} matches
   * @param notes what is odd about the weights, a sentence each
   * @param files what it leaves in its folder
   */
  record Decision(
      Set<String> tensors,
      Map<String, RowRanges> rows,
      Map<String, Double> rateFactors,
      List<UnfrozenParameters.Match> patterns,
      List<String> notes,
      DecisionFiles files) {

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
      return named(matches.all(), matches.rows(), matches.patterns());
    }
    return named(allOf(checkpoint), Map.of(), List.of());
  }

  private static Decision named(
      Set<String> tensors, Map<String, RowRanges> rows, List<UnfrozenParameters.Match> patterns) {
    DecisionFiles files = DecisionFiles.named(ranges(tensors, rows));
    return new Decision(tensors, rows, Map.of(), patterns, List.of(), files);
  }

  /**
   * The modules among which a scan chooses.
   *
   * @throws InputException where there are none
   */
  static ScanTargets ranked(Targeting.Snr snr, Checkpoint checkpoint) throws IOException {
    return ScanTargets.of(checkpoint, snr.modules(), snr.rule().profile());
  }

  /**
   * What a phase that goes on was decided to train at its beginning. A scan is not repeated: on
   * another device it might find otherwise.
   *
   * @param checkpoint what the phase began with
   * @param folder where the decision lies
   * @return empty where a file of it is gone, or not what it was
   */
  static Optional<Decision> asBefore(Phase phase, Checkpoint checkpoint, DecisionFolder folder)
      throws IOException {
    if (!(phase.trained().targeting() instanceof Targeting.Snr)) {
      return Optional.of(named(phase, checkpoint));
    }
    if (!Files.isRegularFile(folder.selectionYaml())) {
      return Optional.empty();
    }
    Optional<Map<String, Double>> factors =
        phase.learningRates().bySnr().isPresent()
            ? LearningRatesFile.read(folder)
            : Optional.of(Map.of());
    if (factors.isEmpty()) {
      return Optional.empty();
    }
    try {
      List<String> patterns = SelectionFile.read(folder.selectionYaml());
      return Optional.of(
          new Decision(
              TrainableTensors.of(
                  checkpoint,
                  ChosenModules.modulesOf(patterns).stream().map(ModuleName::new).toList()),
              Map.of(),
              factors.get(),
              List.of(),
              List.of(),
              DecisionFiles.named(patterns)));
    } catch (InputException e) {
      return Optional.empty();
    }
  }

  /**
   * Decides; nothing is written yet.
   *
   * @param seed of the pipeline; with the phase's name it draws a random selection
   */
  static Decision decide(
      Phase phase,
      long seed,
      Checkpoint checkpoint,
      SingularValues singularValues,
      ScanListener listener)
      throws IOException {
    if (phase.trained().targeting() instanceof Targeting.Snr snr) {
      Measure measure = new Measure(snr.rule().profile(), snr.rule().metric());
      Scan scan = Rescanner.scan(ranked(snr, checkpoint), measure, singularValues, listener);
      Selection selection = Selection.of(scan.candidates(), snr.rule(), seed + "/" + phase.name());
      AlwaysTrained always = AlwaysTrained.of(checkpoint, snr.alwaysTrain());
      Map<String, Double> factors =
          phase
              .learningRates()
              .bySnr()
              .map(rule -> LearningRateFactors.of(selection, always, rule))
              .orElse(Map.of());
      return new Decision(
          TrainableTensors.of(checkpoint, selection, always),
          Map.of(),
          factors,
          List.of(),
          notes(scan, checkpoint),
          new DecisionFiles(
              Optional.of(scan),
              selection,
              always.patterns(checkpoint),
              phase.learningRates().bySnr(),
              factors));
    }
    return named(phase, checkpoint);
  }

  private static List<String> notes(Scan scan, Checkpoint checkpoint) throws IOException {
    List<String> notes = new ArrayList<>(scan.notes());
    notes.addAll(NotFinite.besides(scan, checkpoint));
    ScanTargets.noteOfOtherParts(checkpoint).ifPresent(notes::add);
    return notes;
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
  private static List<String> ranges(Set<String> tensors, Map<String, RowRanges> rows) {
    List<String> patterns = new ArrayList<>();
    for (String tensor : tensors) {
      RowRanges some = rows.get(tensor);
      if (some == null) {
        patterns.add(tensor);
      } else {
        some.ranges()
            .forEach(range -> patterns.add(tensor + "[" + range.start() + ":" + range.end() + "]"));
      }
    }
    return patterns;
  }

  private static Set<String> allOf(Checkpoint checkpoint) throws IOException {
    TextNames text = TextNames.of(checkpoint);
    Set<String> names = new LinkedHashSet<>();
    checkpoint.parts().stream()
        .map(TensorInfo::name)
        .filter(name -> text.covers(name) && !name.endsWith(".inv_freq"))
        .forEach(names::add);
    return names;
  }
}
