package dev.polyphase.orchestrator.cli;

import dev.polyphase.pipelines.Pipeline;
import dev.polyphase.pipelines.language.PipelineReader;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "validate",
    mixinStandardHelpOptions = true,
    description = "Checks a pipeline file; opens no other file.")
final class ValidateCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(paramLabel = "PIPELINE.yaml", description = "The pipeline file; - is standard input.")
  private Path file = Path.of("");

  ValidateCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Pipeline pipeline = PipelineReader.read(file, List.of());
    int phases = pipeline.phases().size();
    console
        .results()
        .println(
            PlainText.of(InputFile.name(file))
                + ": valid, "
                + phases
                + (phases == 1 ? " phase" : " phases"));
    return ExitCode.DONE;
  }
}
