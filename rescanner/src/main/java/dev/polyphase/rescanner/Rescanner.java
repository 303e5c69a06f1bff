package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Measures the signal-to-noise ratio of a checkpoint's modules, one tensor at a time. */
public final class Rescanner {
  /** Of three that are known already the fourth is begun meanwhile. */
  private static final int EXPECTED_AHEAD = 4;

  private Rescanner() {}

  /**
   * Scans the modules of some types as the published scanner does.
   *
   * @param types module types, in any order; see {@link ScanTargets}
   * @throws InputException naming every type that no module belongs to
   */
  public static Scan scan(
      Checkpoint checkpoint,
      List<String> types,
      SingularValues singularValues,
      ScanListener listener)
      throws IOException {
    ScanTargets targets = ScanTargets.of(checkpoint, types);
    return scan(targets, Measure.PUBLISHED, singularValues, listener);
  }

  /** Scans some modules. */
  public static Scan scan(
      ScanTargets scanned, Measure measure, SingularValues singularValues, ScanListener listener)
      throws IOException {
    List<ScanTarget> targets = scanned.targets();
    List<ModuleSpectrum> modules = new ArrayList<>();
    Map<String, Spectrum> spectrumOfTensor = new HashMap<>();
    Iterator<ScanTarget> ahead = targets.iterator();
    expect(ahead, EXPECTED_AHEAD, spectrumOfTensor, singularValues);
    for (ScanTarget target : targets) {
      expect(ahead, 1, spectrumOfTensor, singularValues);
      // A tied head shares the embeddings' tensor, which is measured once.
      Spectrum spectrum = spectrumOfTensor.get(target.tensor().name());
      if (spectrum == null) {
        spectrum = measured(target.tensor(), measure, singularValues);
        spectrumOfTensor.put(target.tensor().name(), spectrum);
      }
      ModuleSpectrum module = new ModuleSpectrum(target, spectrum);
      modules.add(module);
      listener.measured(module, modules.size(), targets.size());
    }
    return new Scan(measure.metric(), modules);
  }

  private static void expect(
      Iterator<ScanTarget> ahead,
      int count,
      Map<String, Spectrum> measured,
      SingularValues singularValues) {
    for (int i = 0; i < count && ahead.hasNext(); i++) {
      TensorInfo next = ahead.next().tensor();
      if (isMatrix(next) && !measured.containsKey(next.name())) {
        singularValues.expect(next);
      }
    }
  }

  private static Spectrum measured(
      TensorInfo tensor, Measure measure, SingularValues singularValues) throws IOException {
    List<Long> shape = tensor.shape();
    long columns = shape.isEmpty() ? 1 : shape.get(shape.size() - 1);
    long rows = shape.size() < 2 ? 1 : shape.get(shape.size() - 2);
    // The published scanner reports what is no vector or matrix as not a number.
    if (!isMatrix(tensor)) {
      return Spectrum.unmeasurable(rows, columns);
    }
    return measure.of(singularValues.of(tensor), rows, columns);
  }

  private static boolean isMatrix(TensorInfo tensor) {
    int dimensions = tensor.shape().size();
    return (dimensions == 1 || dimensions == 2) && tensor.elements() > 0;
  }
}
