package dev.polyphase.orchestrator.store;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

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
    if (!Files.exists(path)) {
      return;
    }
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException problem)
              throws IOException {
            if (problem != null) {
              throw problem;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
