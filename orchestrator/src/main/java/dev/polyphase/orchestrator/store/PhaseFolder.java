package dev.polyphase.orchestrator.store;

import dev.polyphase.weights.FolderTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The folder of one phase of a run.
 *
 * @param path {@code DIR/NAME/phase-01-foundation}
 */
public record PhaseFolder(Path path) {

  /** The scan of the weights that the phase began with, in Spectrum's format. */
  public Path snrJson() {
    return path.resolve("snr.json");
  }

  /** That scan's singular values, a module a line. */
  public Path spectraJsonl() {
    return path.resolve("spectra.jsonl");
  }

  /** What the phase trains, in Spectrum's format. */
  public Path selectionYaml() {
    return path.resolve("selection.yaml");
  }

  /** With {@code lr_by_snr}: by what each module's learning rate is multiplied. */
  public Path learningRatesJson() {
    return path.resolve("learning_rates.json");
  }

  /** The figures of training, a logged step a line. */
  public Path metricsJsonl() {
    return path.resolve("metrics.jsonl");
  }

  /** The state of training as Hugging Face's trainer writes it. */
  public Path trainerStateJson() {
    return path.resolve("trainer_state.json");
  }

  /** The phase's result, in Hugging Face layout. */
  public Path model() {
    return path.resolve("model");
  }

  /** Makes the folder anew: what an interrupted attempt left in it is removed. */
  public void startAnew() throws IOException {
    remove();
    Files.createDirectories(path);
  }

  /** Removes the folder and all that is in it, following no links. */
  public void remove() throws IOException {
    FolderTree.remove(path);
  }
}
