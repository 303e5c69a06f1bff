package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.queue.QueueJson;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.Submission;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "submit",
    mixinStandardHelpOptions = true,
    description =
        "Puts a pipeline into the queue, to be run when its turn has come; prints its number.")
final class SubmitCommand implements Callable<Integer> {
  private final Stores stores;
  private final Console console;

  @Parameters(
      paramLabel = "PIPELINE.yaml",
      description = "The pipeline file, as it is now; - is standard input.")
  private Path file = Path.of("");

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replace a setting, as phases.NAME.learning_rate=1e-5; may be repeated.")
  private List<String> sets = List.of();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "The folder of runs, in place of the pipeline's output_dir.")
  private @Nullable Path output;

  @Option(
      names = "--after",
      paramLabel = "RUN",
      description = "Begin when this one has finished: its number in the queue, or its name.")
  private @Nullable String after;

  @Option(
      names = "--priority",
      paramLabel = "N",
      description = "Of those that could begin the highest begins first; 0 by default.")
  private int priority;

  @Option(
      names = "--device",
      paramLabel = "D",
      description = "cpu, cuda or cuda:N; by default as the pipeline says.")
  private @Nullable String device;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  SubmitCommand(Stores stores, Console console) {
    this.stores = stores;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    return stores.run(
        (index, queue) -> {
          QueuedRun run =
              queue.submit(new Submission(file, sets, output, after, priority, device, null));
          say("run %d (%s) waits; its folder is %s".formatted(run.number(), run.name(), run.run()));
          if (!queue.isServed()) {
            say("no service is running that would start it; polyphase serve does");
          }
          console.results().println(json ? QueueJson.of(run) : run.number());
          return ExitCode.DONE;
        });
  }

  private void say(String sentence) {
    console.messages().println(PlainText.of(sentence));
  }
}
