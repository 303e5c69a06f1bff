package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.Engine;
import dev.polyphase.orchestrator.engine.PlannedPhase;
import dev.polyphase.orchestrator.engine.Progress;
import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "plan",
    mixinStandardHelpOptions = true,
    description =
        "Makes all checks of a run, and says what each phase will train and need; writes nothing.")
final class PlanCommand implements Callable<Integer> {
  private final Backend backend;
  private final ModelFolders models;
  private final Console console;

  @Parameters(paramLabel = "PIPELINE.yaml", description = "The pipeline file.")
  private Path file = Path.of("");

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace a setting, as phases.NAME.learning_rate=1e-5; may be repeated.")
  private List<String> sets = List.of();

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  PlanCommand(Backend backend, ModelFolders models, Console console) {
    this.backend = backend;
    this.models = models;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Pipeline pipeline = PipelineReader.read(file, sets);
    Engine engine =
        new Engine(
            backend.trainers(),
            backend.singularValues(),
            models,
            backend.newModels(),
            new ProcessSignals(console.messages()::println),
            new Progress(Display.plain(console.messages())),
            Clock.systemUTC(),
            Version.number());
    // What was read is a file, and a file has a folder.
    Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
    RunRequest request =
        new RunRequest(
            pipeline, folder, Path.of(pipeline.outputDir()), RunRequest.Start.BEGIN_OR_RESUME);
    List<PlannedPhase> phases = engine.plan(request);
    DeviceMemory memory = DeviceMemory.of(phases.get(0).plan().compute());
    console
        .results()
        .print(
            json ? PlanJson.of(pipeline, phases, memory) : PlanTable.of(pipeline, phases, memory));
    console.results().flush();
    return ExitCode.DONE;
  }
}
