package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The pipeline that a command is about, and what the command line changes in it. */
final class PipelineFile {
  @Parameters(paramLabel = "PIPELINE.yaml", description = "The pipeline file; - is standard input.")
  private Path file = Path.of("");

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace a setting, as phases.NAME.learning_rate=1e-5; may be repeated.")
  private List<String> sets = List.of();

  @Option(
      names = "--relative-to",
      hidden = true,
      description = "The folder that paths are relative to, in place of the pipeline's own.")
  private @Nullable Path relativeTo;

  /** The pipeline. */
  Pipeline read() throws IOException {
    return PipelineReader.read(file, sets);
  }

  /** The folder that its paths are relative to, once it was read; of a stream the current one. */
  Path folder() {
    if (relativeTo != null) {
      return relativeTo.toAbsolutePath();
    }
    return InputFile.isStream(file)
        ? Path.of("").toAbsolutePath()
        : Objects.requireNonNull(file.toAbsolutePath().getParent());
  }
}
