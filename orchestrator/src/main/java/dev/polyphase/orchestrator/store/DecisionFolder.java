package dev.polyphase.orchestrator.store;

import java.nio.file.Path;

/**
 * Where a decision leaves its files: that of a phase's beginning in the phase's folder itself, that
 * of a rescan on its way in a folder below.
 *
 * @param path {@code phase-01-foundation}, or {@code phase-01-foundation/rescans/step-000200}
 */
public record DecisionFolder(Path path) {

  /** The scan of the weights that it was made on, in Spectrum's format. */
  public Path snrJson() {
    return path.resolve("snr.json");
  }

  /** That scan's singular values, a module a line. */
  public Path spectraJsonl() {
    return path.resolve("spectra.jsonl");
  }

  /** What is trained from there on, in Spectrum's format. */
  public Path selectionYaml() {
    return path.resolve("selection.yaml");
  }

  /** With {@code lr_by_snr}: by what each module's learning rate is multiplied. */
  public Path learningRatesJson() {
    return path.resolve("learning_rates.json");
  }
}
