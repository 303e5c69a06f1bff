package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.index.IndexedRun;
import dev.polyphase.orchestrator.index.RunIndex;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.pipelines.problems.InputException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Shows a run: its phases and their figures, what it left, and its place in line.")
final class ShowCommand implements Callable<Integer> {
  private final Stores stores;
  private final Console console;

  @Parameters(
      paramLabel = "RUN",
      description = "The run's name, of several the latest, its id or its folder.")
  private String meant = "";

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  ShowCommand(Stores stores, Console console) {
    this.stores = stores;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    return stores.run(
        (index, queue) -> {
          RunDetails run = find(index, queue);
          console.results().print(json ? run.json() : run.text());
          console.results().flush();
          return ExitCode.DONE;
        });
  }

  private RunDetails find(RunIndex index, RunQueue queue) throws IOException {
    try {
      index.lookIn(Path.of(meant));
    } catch (InvalidPathException e) {
      throw notThere(index);
    }
    index.lookIn(Path.of("runs"));
    index.refresh();
    Optional<IndexedRun> found = index.find(meant);
    if (found.isEmpty()) {
      throw notThere(index);
    }
    IndexedRun run = found.get();
    Optional<QueuedRun> queued =
        queue.all().stream().filter(entry -> entry.run().equals(run.folder())).findFirst();
    return RunDetails.of(run, index.phases(run), index.checkpoints(run), queued);
  }

  private InputException notThere(RunIndex index) throws IOException {
    return new InputException(
        index
            .findGone(meant)
            .map(
                gone ->
                    "the folder of run %s, %s, is gone; where it was moved, name the new place: polyphase show DIR"
                        .formatted(gone.name(), gone.folder()))
            .orElse(
                "there is no run %s; polyphase runs lists those that are known, and polyphase runs DIR looks for more"
                    .formatted(meant)));
  }
}
