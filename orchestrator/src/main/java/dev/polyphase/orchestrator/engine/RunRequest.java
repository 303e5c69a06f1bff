package dev.polyphase.orchestrator.engine;

import dev.polyphase.data.DatasetHub;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.Pipeline;
import java.nio.file.Path;

/**
 * What to run.
 *
 * @param pipeline the pipeline, every default filled in
 * @param folder the pipeline file's folder, which models and data are relative to
 * @param outputDir the folder of runs
 * @param start what to do with an earlier run of that name
 * @param hub where data sets are that have an id
 */
public record RunRequest(
    Pipeline pipeline, Path folder, Path outputDir, Start start, DatasetHub hub) {

  /** A run of which nothing is on a hub. */
  public RunRequest(Pipeline pipeline, Path folder, Path outputDir, Start start) {
    this(pipeline, folder, outputDir, start, DatasetHub.NONE);
  }

  /** The same with a hub. */
  RunRequest with(DatasetHub other) {
    return new RunRequest(pipeline, folder, outputDir, start, other);
  }

  /** What to do with an earlier run of that name. */
  public enum Start {
    /** Resume it where there is one, else begin. */
    BEGIN_OR_RESUME,
    /** Resume it; an error where there is none. */
    RESUME,
    /** Move it out of the way and begin. */
    FRESH
  }

  /** {@code DIR/NAME}. */
  public RunFolder run() {
    return new RunFolder(outputDir.resolve(pipeline.name()));
  }
}
