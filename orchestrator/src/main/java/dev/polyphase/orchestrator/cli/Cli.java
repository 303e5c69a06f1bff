package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.Display;
import dev.polyphase.orchestrator.hub.Hub;
import dev.polyphase.orchestrator.hub.ModelFolders;
import dev.polyphase.pipelines.problems.OperationFailedException;
import dev.polyphase.prepared.RowReader;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** The command line: its commands, and what happens to what they throw. */
final class Cli {
  private final CommandLine commands;
  private final Failures failures;
  private final Console console;

  /**
   * A command line.
   *
   * @param backend what the commands compute with
   * @param environment the environment's variables: where models are found, what the terminal is
   */
  Cli(Backend backend, Console console, Map<String, String> environment) {
    this.console = console;
    Path userHome = Path.of(System.getProperty("user.home"));
    PolyphaseHome home = PolyphaseHome.of(environment, userHome);
    Display display = Terminal.display(console.messages(), environment);
    ModelFolders models =
        new ModelFolders(Hub.of(environment, userHome, Version.number(), new Downloads(display)));
    RowReader rows = new RowReader(home.rows(), models);
    Stores stores = new Stores(home, environment, console);
    RootCommand root = new RootCommand();
    failures = new Failures(console, root);
    commands =
        new CommandLine(root)
            .addSubcommand(
                new RunCommand(
                    backend, models, rows, console, display, failures, environment, home))
            .addSubcommand(new PlanCommand(backend, models, rows, console, display))
            .addSubcommand(
                new PreviewCommand(
                    backend,
                    models,
                    rows,
                    console,
                    display,
                    Terminal.showsColorOfResults(environment)))
            .addSubcommand(new ValidateCommand(console))
            .addSubcommand(new ScanCommand(backend, models, home, console, display))
            .addSubcommand(new SelectCommand(console))
            .addSubcommand(new CompareCommand(console))
            .addSubcommand(new ScoreCommand(backend, models, console, display))
            .addSubcommand(new RenderCommand(models, console))
            .addSubcommand(new ReportCommand(console))
            .addSubcommand(new ServeCommand(home, environment, console))
            .addSubcommand(new ScheduleCommand(stores, console))
            .addSubcommand(new DoctorCommand(environment, console))
            .addSubcommand(new SubmitCommand(stores, console))
            .addSubcommand(new QueueCommand(stores, console))
            .addSubcommand(new RunsCommand(stores, console))
            .addSubcommand(new ShowCommand(stores, console))
            .addSubcommand(
                new CommandLine(new SetupCommand())
                    .addSubcommand(new SetupCudaCommand(environment, home, console))
                    .addSubcommand(new SetupNativeCommand(console)))
            .addSubcommand(
                new CommandLine(new BenchCommand())
                    .addSubcommand(new BenchScanCommand(console))
                    .addSubcommand(new BenchPeakCommand(console))
                    .addSubcommand(new BenchTrainCommand(console))
                    .addSubcommand(new BenchTrainPeakCommand(console))
                    .addSubcommand(new BenchDpoCommand(console))
                    .addSubcommand(new BenchGoalsCommand(console)))
            .setOut(console.results())
            .setErr(console.messages())
            .registerConverter(Path.class, PathText::path)
            .setCaseInsensitiveEnumValuesAllowed(true)
            .setExecutionStrategy(Cli::runUnlessEmpty)
            .setParameterExceptionHandler(failures::wrongCommandLine)
            .setExecutionExceptionHandler(
                (failure, command, parsed) -> failures.report(failure, command.getCommandSpec()));
  }

  /**
   * An empty argument is a script's unset variable, and as a path it would be the current folder.
   */
  private static int runUnlessEmpty(ParseResult parsed) {
    for (ParseResult command = parsed; command != null; command = command.subcommand()) {
      for (ArgSpec argument : command.matchedArgs()) {
        if (argument.originalStringValues().contains("")) {
          String name =
              argument instanceof OptionSpec option ? option.longestName() : argument.paramLabel();
          throw new ParameterException(
              command.commandSpec().commandLine(), name + " is empty; give a value");
        }
      }
    }
    return new CommandLine.RunLast().execute(parsed);
  }

  /** Runs a command and returns its exit code. */
  int execute(String... args) {
    try {
      int exitCode = commands.execute(args);
      // Writers tell of nothing by themselves; a script must not take half of a result for all of
      // it.
      return exitCode == ExitCode.DONE && console.results().checkError()
          ? failures.report(
              new OperationFailedException("standard output can't be written; is the disk full?"),
              commands.getCommandSpec())
          : exitCode;
    } catch (Error e) {
      // picocli handles exceptions alone; running out of memory deserves a sentence as well.
      return failures.report(e, commands.getCommandSpec());
    }
  }

  /** The commands, to be parsed without being run. */
  CommandLine commands() {
    return commands;
  }
}
