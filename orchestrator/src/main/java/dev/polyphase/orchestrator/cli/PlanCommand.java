package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.DeviceMemory;
import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.Engine;
import dev.polyphase.orchestrator.engine.PlannedPhase;
import dev.polyphase.orchestrator.engine.Progress;
import dev.polyphase.orchestrator.engine.RunDisk;
import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.prepared.RowReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description =
        "Makes all checks of a run, and says what each phase will train and need; trains nothing.")
final class PlanCommand implements Callable<Integer> {
  private final Backend backend;
  private final ModelFolders models;
  private final RowReader rowReader;
  private final Console console;
  private final Display display;

  @Mixin private PipelineFile source = new PipelineFile();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  /**
   * The command.
   *
   * @param display where progress goes
   */
  PlanCommand(
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
    RunRequest request =
        new RunRequest(
            pipeline,
            source.folder(),
            Path.of(pipeline.outputDir()),
            RunRequest.Start.BEGIN_OR_RESUME);
    List<PlannedPhase> phases =
        plan(
            backend.engine(models, rowReader, Progress.shownOn(display, pipeline.name())), request);
    DeviceMemory memory = DeviceMemory.of(PlannedPhase.devicesOf(phases));
    RunDisk disk = RunDisk.of(request, phases);
    console
        .results()
        .print(
            json
                ? PlanJson.of(pipeline, phases, memory, disk)
                : PlainText.linesOf(PlanTable.of(pipeline, phases, memory, disk)));
    console.results().flush();
    return ExitCode.DONE;
  }

  private List<PlannedPhase> plan(Engine engine, RunRequest request) throws IOException {
    try {
      return engine.plan(request);
    } finally {
      // The table, or what is wrong, begins on a line of its own.
      display.clear();
    }
  }
}
