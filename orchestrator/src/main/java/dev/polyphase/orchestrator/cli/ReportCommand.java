package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.engine.ReportFiles;
import dev.polyphase.orchestrator.store.RunFolder;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "report",
    mixinStandardHelpOptions = true,
    description = "Makes the report of a run anew, finished or not, and prints where it is.")
final class ReportCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "RUN_DIR", description = "The run's folder, as runs/NAME.")
  private Path folder = Path.of("");

  ReportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Path page = ReportFiles.rebuild(new RunFolder(folder));
    console.results().println(PlainText.of(page.toString()));
    return ExitCode.DONE;
  }
}
