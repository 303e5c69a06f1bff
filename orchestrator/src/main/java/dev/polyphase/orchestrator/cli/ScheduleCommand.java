package dev.polyphase.orchestrator.cli;

import dev.polyphase.orchestrator.queue.QueuedRun;
import dev.polyphase.orchestrator.schedule.Schedule;
import dev.polyphase.orchestrator.schedule.Schedule.Missed;
import dev.polyphase.orchestrator.schedule.Schedules;
import dev.polyphase.orchestrator.schedule.Schedules.Upcoming;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.pipelines.problems.InputFile;
import dev.polyphase.pipelines.problems.PlainText;
import java.io.IOException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "schedule",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "[COMMAND]",
    description = "Submits a pipeline by the clock, while a service runs (polyphase serve).")
final class ScheduleCommand implements Callable<Integer> {
  private static final int SHOWN = 3;

  private final Stores stores;
  private final Console console;

  @Spec private @Nullable CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "PIPELINE.yaml",
      description = "The pipeline file; it is read anew each time.")
  private @Nullable Path pipeline;

  @Option(
      names = "--cron",
      paramLabel = "CRON",
      description = "When, seconds first, as \"0 0 22 * * ?\" for ten every evening.")
  private @Nullable String cron;

  @Option(
      names = "--timezone",
      paramLabel = "ZONE",
      description = "By whose clock, as Europe/Vienna; this machine's by default.")
  private @Nullable String timezone;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "What it is called; as the file by default.")
  private @Nullable String name;

  @Option(
      names = "--missed",
      paramLabel = "once|skip",
      description =
          "What becomes of times that pass while no service runs: one run for all of them (once,"
              + " the default) or none (skip).")
  private Missed missed = Missed.ONCE;

  @Option(
      names = "--priority",
      paramLabel = "N",
      description = "Of its runs in the queue: higher ones begin first; 0 by default.")
  private int priority;

  @Option(
      names = "--device",
      paramLabel = "D",
      description = "cpu, cuda or cuda:N; by default as the pipeline says.")
  private @Nullable String device;

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

  ScheduleCommand(Stores stores, Console console) {
    this.stores = stores;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    Schedule schedule = asked();
    List<Upcoming> upcoming = Schedules.upcoming(schedule, SHOWN);
    return stores.schedules(
        schedules -> {
          Schedule added = schedules.add(schedule);
          ZoneId zone = added.timezone();
          say("schedule %s: %s in %s".formatted(added.name(), added.cron(), zone));
          upcoming.forEach(
              next -> say("%s: %s".formatted(ScheduleText.time(next.time(), zone), next.run())));
          ScheduleText.sameRun(upcoming, zone).ifPresent(this::warn);
          warnUnlessServed(schedules);
        });
  }

  /** What the command line asks for, where it is complete. */
  private Schedule asked() {
    if (pipeline == null) {
      throw missing("PIPELINE.yaml, or one of the commands below");
    }
    if (cron == null) {
      throw missing("--cron, as --cron \"0 0 22 * * ?\" for ten every evening");
    }
    if (InputFile.isStream(pipeline)) {
      throw new InputException(
          "a schedule reads its pipeline anew each time; give the path of a file");
    }
    return Schedule.of(
        name == null ? nameOf(pipeline) : name,
        pipeline,
        cron,
        zone(),
        missed,
        sets,
        output,
        priority,
        device);
  }

  private ParameterException missing(String what) {
    if (spec == null) {
      throw new IllegalStateException("the command was not made by picocli");
    }
    return new ParameterException(spec.commandLine(), "give " + what);
  }

  private static String nameOf(Path pipeline) {
    String file = String.valueOf(pipeline.getFileName());
    return file.replaceFirst("\\.ya?ml$", "");
  }

  private ZoneId zone() {
    try {
      return timezone == null ? ZoneId.systemDefault() : ZoneId.of(timezone);
    } catch (DateTimeException e) {
      throw new InputException(
          "there is no time zone %s; give one as Europe/Vienna, UTC or +01:00".formatted(timezone));
    }
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = "Lists all schedules: when each is due, and what became of its last time.")
  int list(@Option(names = "--json", description = "Print one JSON object.") boolean json)
      throws IOException {
    return stores.schedules(
        schedules -> {
          List<Schedule> all = schedules.all();
          console
              .results()
              .print(json ? ScheduleText.json(all) : PlainText.linesOf(ScheduleText.table(all)));
          console.results().flush();
          if (!all.isEmpty()) {
            warnUnlessServed(schedules);
          }
        });
  }

  @Command(name = "pause", mixinStandardHelpOptions = true, description = "Lets a schedule rest.")
  int pause(@Parameters(paramLabel = "NAME", description = "The schedule.") String schedule)
      throws IOException {
    return stores.schedules(
        schedules -> {
          schedules.pause(schedule);
          say(schedule + ": paused");
        });
  }

  @Command(
      name = "resume",
      mixinStandardHelpOptions = true,
      description = "Ends a schedule's rest; times that passed meanwhile are not made up for.")
  int resume(@Parameters(paramLabel = "NAME", description = "The schedule.") String schedule)
      throws IOException {
    return stores.schedules(
        schedules -> {
          Schedule resumed = schedules.resume(schedule);
          say(
              "%s: next at %s"
                  .formatted(schedule, ScheduleText.time(resumed.next(), resumed.timezone())));
          warnUnlessServed(schedules);
        });
  }

  @Command(
      name = "remove",
      mixinStandardHelpOptions = true,
      description = "Forgets a schedule; what it submitted stays.")
  int remove(@Parameters(paramLabel = "NAME", description = "The schedule.") String schedule)
      throws IOException {
    return stores.schedules(
        schedules -> {
          schedules.remove(schedule);
          say(schedule + ": removed");
        });
  }

  @Command(
      name = "run-now",
      mixinStandardHelpOptions = true,
      description = "Submits a schedule's pipeline now, as it would be by the clock.")
  int runNow(@Parameters(paramLabel = "NAME", description = "The schedule.") String schedule)
      throws IOException {
    return stores.schedules(
        schedules -> {
          QueuedRun queued = schedules.runNow(schedule);
          say("%s: run %d of the queue, %s".formatted(schedule, queued.number(), queued.run()));
          warnIfDueAgain(schedules.find(schedule), queued);
          if (!schedules.served()) {
            warn("warning: no service is running; the run waits until one is: polyphase serve");
          }
        });
  }

  private void warnUnlessServed(Schedules schedules) {
    if (!schedules.served()) {
      warn("warning: no service is running, and only one submits by the clock: polyphase serve");
    }
  }

  private void warnIfDueAgain(Schedule schedule, QueuedRun queued) throws IOException {
    ZoneId zone = schedule.timezone();
    for (Upcoming next : Schedules.upcoming(schedule, 1)) {
      if (next.run().equals(queued.run())) {
        warn(
            "warning: this is also the run of %s, which will find done what this one finished"
                .formatted(ScheduleText.time(next.time(), zone)));
      }
    }
  }

  private void say(String line) {
    console.results().println(PlainText.of(line));
  }

  private void warn(String line) {
    console.messages().println(PlainText.of(line));
  }
}
