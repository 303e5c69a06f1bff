package dev.polyphase.orchestrator.engine;

import dev.polyphase.orchestrator.store.PhaseFolder;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.pipelines.Targeting;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.rescanner.AlwaysTrained;
import dev.polyphase.rescanner.Rescanner;
import dev.polyphase.rescanner.Scan;
import dev.polyphase.rescanner.ScanListener;
import dev.polyphase.rescanner.Selection;
import dev.polyphase.rescanner.SelectionFile;
import dev.polyphase.rescanner.SingularValues;
import dev.polyphase.rescanner.SnrFile;
import dev.polyphase.rescanner.SpectraFile;
import dev.polyphase.rescanner.TrainableTensors;
import dev.polyphase.rescanner.UnfrozenParameters;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Which tensors a phase trains, decided on the weights that it starts from. */
final class Target {
  private static final Selection NO_SELECTION = new Selection(100, List.of());

  private Target() {}

  /**
   * The tensors that are chosen by their names, with any method but {@code snr}.
   *
   * @throws InputException where a pattern is wrong or matches none
   */
  static Set<String> named(Phase phase, Checkpoint checkpoint) throws IOException {
    return phase.targeting() instanceof Targeting.Parameters parameters
        ? UnfrozenParameters.of(parameters.unfrozenParameters()).match(checkpoint).all()
        : allOf(checkpoint);
  }

  /**
   * Decides, and writes {@code selection.yaml}, after a scan {@code snr.json} and {@code
   * spectra.jsonl} too.
   *
   * @return the names of the tensors to train
   */
  static Set<String> decide(
      Phase phase,
      Checkpoint checkpoint,
      PhaseFolder folder,
      SingularValues singularValues,
      ScanListener listener)
      throws IOException {
    if (phase.targeting() instanceof Targeting.Snr snr) {
      Scan scan = Rescanner.scan(checkpoint, snr.modules(), singularValues, listener);
      SnrFile.write(folder.snrJson(), scan.snrs());
      SpectraFile.write(folder.spectraJsonl(), scan);
      Selection selection = Selection.of(scan.snrs(), snr.topPercent());
      AlwaysTrained always = AlwaysTrained.of(checkpoint, snr.alwaysTrain());
      SelectionFile.write(folder.selectionYaml(), selection, always.patterns());
      return TrainableTensors.of(checkpoint, selection, always);
    }
    Set<String> tensors = named(phase, checkpoint);
    SelectionFile.write(folder.selectionYaml(), NO_SELECTION, List.copyOf(tensors));
    return tensors;
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
