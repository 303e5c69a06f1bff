package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.queue.QueueJson;
import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.queue.RunQueue;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "queue",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "[COMMAND]",
    description = "Lists the runs that were submitted, the latest first.")
final class QueueCommand implements Callable<Integer> {
  private final Stores stores;
  private final Console console;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  QueueCommand(Stores stores, Console console) {
    this.stores = stores;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    return show(json);
  }

  private int show(boolean asJson) throws IOException {
    return stores.run(
        (index, queue) -> {
          List<QueuedRun> runs = queue.all();
          console.results().print(asJson ? json(runs) : text(runs));
          console.results().flush();
          return ExitCode.DONE;
        });
  }

  private static String json(List<QueuedRun> runs) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    ArrayNode entries = object.putArray("entries");
    runs.forEach(run -> entries.add(QueueJson.of(run)));
    return object + "\n";
  }

  /** A table, and below it a line for each that has something to be said of it. */
  private static String text(List<QueuedRun> runs) {
    if (runs.isEmpty()) {
      return "nothing was submitted\n";
    }
    TextTable table = new TextTable("run", "number", "state", "priority", "device", "submitted");
    StringBuilder messages = new StringBuilder();
    for (QueuedRun run : runs) {
      table.row(
          run.name(),
          run.number(),
          run.state().name().toLowerCase(Locale.ROOT),
          run.priority(),
          Objects.requireNonNullElse(run.device(), "any"),
          run.submitted().truncatedTo(ChronoUnit.SECONDS));
      if (run.message() != null) {
        messages.append(
            "%d (%s): %s\n".formatted(run.number(), run.name(), PlainText.linesOf(run.message())));
      }
    }
    return table.text() + messages;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists the runs that were submitted, the latest first.")
  int list(@Option(names = "--json", description = "Print one JSON object.") boolean one)
      throws IOException {
    return show(json || one);
  }

  /** What is done with one. */
  @FunctionalInterface
  private interface Change {
    QueuedRun of(RunQueue queue, long number);
  }

  private int change(long number, Change change) throws IOException {
    return stores.run(
        (index, queue) -> {
          QueuedRun run = change.of(queue, number);
          console
              .results()
              .println(
                  PlainText.of(
                      "run %d (%s) is %s"
                          .formatted(
                              run.number(),
                              run.name(),
                              run.state().name().toLowerCase(Locale.ROOT))));
          return ExitCode.DONE;
        });
  }

  @Command(
      name = "cancel",
      mixinStandardHelpOptions = true,
      description = "Takes a run out; where it runs it stops after its step, its state saved.")
  int cancel(@Parameters(paramLabel = "N", description = "Its number.") long number)
      throws IOException {
    return change(number, RunQueue::cancel);
  }

  @Command(
      name = "stop",
      mixinStandardHelpOptions = true,
      description = "Stops a run after its step, its state saved; resume goes on there.")
  int stop(@Parameters(paramLabel = "N", description = "Its number.") long number)
      throws IOException {
    return change(number, RunQueue::stop);
  }

  @Command(
      name = "resume",
      mixinStandardHelpOptions = true,
      description = "Lets a run that was stopped, failed or cancelled wait for its turn again.")
  int resume(@Parameters(paramLabel = "N", description = "Its number.") long number)
      throws IOException {
    return change(number, RunQueue::resume);
  }
}
