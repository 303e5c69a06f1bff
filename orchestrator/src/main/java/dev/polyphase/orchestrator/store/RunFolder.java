package dev.polyphase.orchestrator.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * The folder of a run and the names of what is in it. Scripts read them: they are a contract.
 *
 * @param path {@code DIR/NAME}
 */
public record RunFolder(Path path) {

  /** The pipeline as run, with every default filled in. */
  public Path pipelineYaml() {
    return path.resolve("pipeline.yaml");
  }

  /** The state of the run and of each phase. */
  public Path runJson() {
    return path.resolve("run.json");
  }

  /** The weights that a pipeline which begins with a new model starts from. */
  public Path newModel() {
    return path.resolve("base");
  }

  /** What happened, a line each. */
  public Path eventsJsonl() {
    return path.resolve("events.jsonl");
  }

  /** The file that the process which runs this run holds locked. */
  public Path lock() {
    return path.resolve(".lock");
  }

  /** The report to look at. */
  public Path reportPage() {
    return path.resolve("report").resolve("index.html");
  }

  /**
   * What this run's scans computed. It may be removed at any time; later scans then take longer.
   */
  public Path spectra() {
    return path.resolve(".cache").resolve("spectra");
  }

  /** The report's figures. */
  public Path reportJson() {
    return path.resolve("report").resolve("report.json");
  }

  /**
   * The folder of a phase.
   *
   * @param index its place in the pipeline, counted from 0
   */
  public PhaseFolder phase(int index, String name) {
    return phaseFolder("phase-%02d-%s".formatted(index + 1, name));
  }

  /** The folder of a phase by its folder's name, as a run's state keeps it. */
  public PhaseFolder phaseFolder(String name) {
    return new PhaseFolder(path.resolve(name));
  }

  /** Whether there is something in it but hidden files, as the lock that a run begins with. */
  public boolean holdsSomething() throws IOException {
    if (!Files.isDirectory(path)) {
      return Files.exists(path);
    }
    try (Stream<Path> files = Files.list(path)) {
      return files.anyMatch(file -> !file.getFileName().toString().startsWith("."));
    }
  }

  /**
   * Moves the folder out of the way, to the first {@code NAME.old-N} beside it that is free.
   *
   * @return its new place
   */
  public Path retire() throws IOException {
    for (int n = 1; ; n++) {
      Path old = path.resolveSibling(path.getFileName() + ".old-" + n);
      if (!Files.exists(old)) {
        return Files.move(path, old);
      }
    }
  }
}
