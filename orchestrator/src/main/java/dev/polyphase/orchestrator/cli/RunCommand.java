package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.engine.Progress;
import dev.polyphase.orchestrator.engine.RunOutcome;
import dev.polyphase.orchestrator.engine.RunRequest;
import dev.polyphase.orchestrator.engine.RunRequest.Start;
import dev.polyphase.orchestrator.events.Level;
import dev.polyphase.orchestrator.events.RunEvents;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.orchestrator.log.JsonMessages;
import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.problems.PlainText;
import dev.polyphase.prepared.RowReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
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
  private final Failures failures;
  private final Map<String, String> environment;
  private final PolyphaseHome home;

  @Mixin private PipelineFile source = new PipelineFile();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "The folder of runs, in place of the pipeline's output_dir.")
  private @Nullable Path output;

  @Option(
      names = "--log-format",
      paramLabel = "text|json",
      description = "How messages are written; json: the lines of log.jsonl.",
      defaultValue = "text")
  private LogFormat logFormat = LogFormat.TEXT;

  @Mixin private MetricsOptions metrics = new MetricsOptions();

  @Mixin private OutcomeFile told = new OutcomeFile();

  @ArgGroup private @Nullable Earlier earlier;

  /** How messages are written. */
  enum LogFormat {
    TEXT,
    JSON
  }

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
   * @param failures what tells a user what went wrong
   * @param environment where trackers are
   * @param home where runs are remembered, and what earlier scans computed
   */
  RunCommand(
      Backend backend,
      ModelFolders models,
      RowReader rowReader,
      Console console,
      Display display,
      Failures failures,
      Map<String, String> environment,
      PolyphaseHome home) {
    this.backend = backend;
    this.models = models;
    this.rowReader = rowReader;
    this.console = console;
    this.display = display;
    this.failures = failures;
    this.environment = environment;
    this.home = home;
  }

  @Override
  public Integer call() throws IOException {
    return told.of(this::run);
  }

  private int run() throws IOException {
    @Nullable JsonMessages json = logFormat == LogFormat.JSON ? jsonMessages() : null;
    Pipeline pipeline = source.read();
    Path runs = output == null ? Path.of(pipeline.outputDir()) : output;
    RunRequest request = new RunRequest(pipeline, source.folder(), runs, start());
    RunOutcome outcome = run(request, events(pipeline.name(), json));

    if (outcome.interruption() != null) {
      told.say(outcome.interruption().sentence("resuming it"));
      if (json == null) {
        boolean fresh = request.start() == RunRequest.Start.FRESH;
        String command = "the same command" + (fresh ? " without --fresh" : "");
        console.messages().println(PlainText.of(outcome.interruption().sentence(command)));
      }
      return ExitCode.INTERRUPTED;
    }
    String report = "report: " + PlainText.of(request.run().reportPage().toString());
    if (json == null) {
      console.messages().println(report);
    } else {
      json.say(Level.INFO, report);
    }
    console.results().println(PlainText.of(outcome.model().toString()));
    return ExitCode.DONE;
  }

  /** All that is said from here on. */
  private JsonMessages jsonMessages() {
    JsonMessages json = new JsonMessages(console.messages(), Clock.systemUTC(), System::nanoTime);
    display.divert(sentence -> json.say(Level.INFO, sentence));
    failures.tellAs(json);
    return json;
  }

  private RunEvents events(String run, @Nullable JsonMessages json) {
    if (json == null) {
      return Progress.shownOn(display, run);
    }
    RunEvents events = new RunEvents(run);
    json.about(run);
    events.add("what standard error shows", json);
    return events;
  }

  private RunOutcome run(RunRequest request, RunEvents events) throws IOException {
    RunObservers observers = RunObservers.of(events, request, metrics, environment, home.runs());
    try (observers) {
      return backend.engine(models, rowReader, List.of(home.spectra()), events).run(request);
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
