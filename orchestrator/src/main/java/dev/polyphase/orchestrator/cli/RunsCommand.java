package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.index.IndexedRun;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "runs",
    mixinStandardHelpOptions = true,
    description = "Lists the runs that were begun here, and those in ./runs, the latest first.")
final class RunsCommand implements Callable<Integer> {
  private static final Path HERE = Path.of("runs");

  private final Stores stores;
  private final Console console;

  @Parameters(
      arity = "0..*",
      paramLabel = "DIR",
      description = "Folders of runs, or of one, to look in as well.")
  private List<Path> folders = List.of();

  @Option(
      names = "--rebuild",
      description = "Forget what is known of all runs, and read their folders anew.")
  private boolean rebuild;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  RunsCommand(Stores stores, Console console) {
    this.stores = stores;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    return stores.run(
        (index, queue) -> {
          index.lookIn(HERE);
          for (Path folder : folders) {
            index.lookIn(folder);
          }
          if (rebuild) {
            index.rebuild();
          } else {
            index.refresh();
          }
          List<IndexedRun> runs = index.runs();
          console.results().print(json ? json(runs) : text(runs));
          console.results().flush();
          return ExitCode.DONE;
        });
  }

  private static String text(List<IndexedRun> runs) {
    if (runs.isEmpty()) {
      return "no run is known; name the folder of some, as polyphase runs DIR\n";
    }
    TextTable table = new TextTable("name", "id", "status", "phases", "started", "folder");
    for (IndexedRun run : runs) {
      table.row(
          run.name(),
          run.id(),
          status(run),
          "%d of %d".formatted(run.finishedPhases(), run.phases()),
          run.started() == null ? "" : run.started().truncatedTo(ChronoUnit.SECONDS),
          run.folder());
    }
    return table.text();
  }

  private static String json(List<IndexedRun> runs) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    ArrayNode list = object.putArray("runs");
    runs.forEach(run -> list.add(json(run)));
    return object + "\n";
  }

  /** A run as JSON, for scripts. */
  static ObjectNode json(IndexedRun run) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", run.id())
        .put("name", run.name())
        .put("folder", run.folder().toString())
        .put("status", status(run))
        .put("alive", run.alive())
        .put("message", run.message())
        .put("started", text(run.started()))
        .put("updated", text(run.updated()))
        .put("phase", run.phase())
        .put("finished_phases", run.finishedPhases())
        .put("phases", run.phases());
  }

  /** Where it stands; one that a process should run and none does was interrupted. */
  static String status(IndexedRun run) {
    if (run.status() == null) {
      return "unknown";
    }
    return switch (run.status()) {
      case RUNNING -> run.alive() ? "running" : "interrupted";
      case INTERRUPTED -> run.alive() ? "running" : "interrupted";
      case FAILED -> run.alive() ? "running" : "failed";
      case FINISHED -> "finished";
    };
  }

  private static @Nullable String text(@Nullable Instant time) {
    return time == null ? null : time.toString();
  }
}
