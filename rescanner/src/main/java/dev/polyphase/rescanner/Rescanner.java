package dev.polyphase.rescanner;

import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.Checkpoint;
import dev.polyphase.weights.TensorInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Measures the signal-to-noise ratio of a checkpoint's modules, one tensor at a time. */
public final class Rescanner {
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
    if (!targets.isEmpty()) {
      expect(targets.get(0).tensor(), spectrumOfTensor, singularValues);
    }
    for (int i = 0; i < targets.size(); i++) {
      ScanTarget target = targets.get(i);
      if (i + 1 < targets.size()) {
        expect(targets.get(i + 1).tensor(), spectrumOfTensor, singularValues);
      }
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
      TensorInfo next, Map<String, Spectrum> measured, SingularValues singularValues) {
    if (isMatrix(next) && !measured.containsKey(next.name())) {
      singularValues.expect(next);
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
