package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.Engine;
import dev.polyphase.orchestrator.engine.Progress;
import dev.polyphase.orchestrator.engine.RunOutcome;
import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.prepared.RowReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = "Runs all phases of a pipeline, or resumes where an earlier run stopped.")
final class RunCommand implements Callable<Integer> {
  private final Backend backend;
  private final ModelFolders models;
  private final RowReader rowReader;
  private final Console console;
  private final Display display;

  @Mixin private PipelineFile source = new PipelineFile();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "The folder of runs, in place of the pipeline's output_dir.")
  private @Nullable Path output;

  @ArgGroup private @Nullable Earlier earlier;

  /** What to do with an earlier run: one or the other. */
  static final class Earlier {
    @Option(names = "--resume", description = "Resume an earlier run; fail where there is none.")
    boolean resume;

    @Option(names = "--fresh", description = "Move an earlier run to NAME.old-N and begin anew.")
    boolean fresh;
  }

  /**
   * The command.
   *
   * @param display where progress goes
   */
  RunCommand(
      Backend backend, ModelFolders models, RowReader rowReader, Console console, Display display) {
    this.backend = backend;
    this.models = models;
    this.rowReader = rowReader;
    this.console = console;
    this.display = display;
  }

  @Override
  public Integer call() throws IOException {
    Pipeline pipeline = source.read();
    Path runs = output == null ? Path.of(pipeline.outputDir()) : output;
    RunRequest request = new RunRequest(pipeline, source.folder(), runs, start());
    RunOutcome outcome =
        run(backend.engine(models, rowReader, Progress.shownOn(display, pipeline.name())), request);

    if (outcome.interruption() != null) {
      boolean fresh = request.start() == RunRequest.Start.FRESH;
      String command = "the same command" + (fresh ? " without --fresh" : "");
      console.messages().println(PlainText.of(outcome.interruption().sentence(command)));
      return ExitCode.INTERRUPTED;
    }
    console.messages().println("report: " + PlainText.of(request.run().reportPage().toString()));
    console.results().println(PlainText.of(outcome.model().toString()));
    return ExitCode.DONE;
  }

  private RunOutcome run(Engine engine, RunRequest request) throws IOException {
    try {
      return engine.run(request);
    } finally {
      // What comes now, be it a result or what went wrong, begins on a line of its own.
      display.clear();
    }
  }

  private Start start() {
    if (earlier == null) {
      return Start.BEGIN_OR_RESUME;
    }
    return earlier.fresh ? Start.FRESH : Start.RESUME;
  }
}
