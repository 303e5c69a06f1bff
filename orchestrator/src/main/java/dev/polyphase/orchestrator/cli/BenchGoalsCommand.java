package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.polyphase.orchestrator.bench.Goal;
import dev.polyphase.orchestrator.bench.GoalPart;
import dev.polyphase.orchestrator.bench.GoalRun;
import dev.polyphase.orchestrator.bench.GoalRun.Outcome;
import dev.polyphase.phases.training.ComputeSettings;
import dev.polyphase.pipelines.Dtype;
import dev.polyphase.pipelines.problems.InputException;
import dev.polyphase.weights.OutputPlace;
import dev.polyphase.weights.TemporaryFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "goals",
    mixinStandardHelpOptions = true,
    description =
        "Measures a GPU of 140 GB against the goals of speed, in parts, all in ten minutes.")
final class BenchGoalsCommand implements Callable<Integer> {
  private static final int MOST_MINUTES = 1440;

  private final Console console;

  @Mixin private DevicesOption devicesOption = new DevicesOption();

  @Option(
      names = "--quick",
      description = "All models as small as can be: to try the parts, on a CPU too.")
  private boolean quick;

  @Option(
      names = "--minutes",
      paramLabel = "N",
      defaultValue = "9",
      description = "How long all of it may take; 9 by default.")
  private int minutes;

  @Option(
      names = "--parts",
      paramLabel = "PART",
      split = ",",
      description = "Only these parts, by their names.")
  private @Nullable List<String> names;

  @Option(
      names = "--python",
      paramLabel = "PROGRAM",
      description =
          "A Python with torch and transformers; that of POLYPHASE_PYTHON by default, else"
              + " python3.")
  private @Nullable String python;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description =
          "Where to write the figures, after each part; the table is then standard output, which"
              + " the figures are otherwise.")
  private @Nullable Path output;

  BenchGoalsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    TrainShapeOptions.requireWithin("--minutes", minutes, MOST_MINUTES);
    if (output != null) {
      OutputPlace.requireFile(output);
    }
    List<String> devices = ComputeSettings.of(devicesOption.devices(), Dtype.BFLOAT16).devices();
    try (TemporaryFolder folder = TemporaryFolder.create("bench")) {
      List<Outcome> outcomes =
          new GoalRun(
                  parts(devices),
                  Duration.ofMinutes(minutes),
                  folder.path(),
                  ChildProgram::again,
                  soFar -> {
                    say(soFar.get(soFar.size() - 1));
                    if (output != null) {
                      OutputFiles.write(output, json(devices, soFar) + "\n", console);
                    }
                  })
              .run();
      if (output == null) {
        console.results().println(json(devices, outcomes));
        console.messages().print(table(outcomes));
      } else {
        console.results().print(table(outcomes));
      }
    }
    return ExitCode.DONE;
  }

  private List<GoalPart> parts(List<String> devices) {
    List<GoalPart> all = GoalPart.all(quick, devices, Optional.ofNullable(python));
    if (names == null) {
      return all;
    }
    List<String> known = all.stream().map(GoalPart::name).toList();
    for (String name : names) {
      if (!known.contains(name)) {
        throw new InputException(
            "--parts has '%s'; the parts are %s".formatted(name, String.join(", ", known)));
      }
    }
    List<String> wanted = names;
    return all.stream().filter(part -> wanted.contains(part.name())).toList();
  }

  private void say(Outcome outcome) {
    console
        .messages()
        .println(
            "%s: %s"
                .formatted(
                    outcome.part().name(),
                    outcome
                        .failure()
                        .orElse(String.format(Locale.ROOT, "%.0f s", outcome.seconds()))));
  }

  private static ObjectNode figures(List<Outcome> outcomes) {
    ObjectNode figures = JsonNodeFactory.instance.objectNode();
    for (Outcome outcome : outcomes) {
      outcome.figures().ifPresent(found -> figures.set(outcome.part().name(), found));
    }
    return figures;
  }

  private ObjectNode json(List<String> devices, List<Outcome> outcomes) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("device", String.join(",", devices));
    json.put("quick", quick);
    json.put("seconds", outcomes.stream().mapToDouble(Outcome::seconds).sum());
    ArrayNode goals = json.putArray("goals");
    for (Goal goal : Goal.all(figures(outcomes))) {
      ObjectNode one = goals.addObject().put("goal", goal.what());
      one.put(goal.atLeast() ? "at_least" : "at_most", goal.bound());
      if (goal.found().isPresent()) {
        one.put("found", goal.found().getAsDouble()).put("met", goal.met());
      } else {
        one.putNull("found").putNull("met");
      }
    }
    ObjectNode parts = json.putObject("parts");
    for (Outcome outcome : outcomes) {
      ObjectNode one = parts.putObject(outcome.part().name());
      one.put("command", "polyphase " + String.join(" ", outcome.part().arguments()));
      one.put("seconds", outcome.seconds());
      outcome.failure().ifPresent(why -> one.put("failed", why));
      outcome.figures().ifPresent(found -> one.set("figures", found));
    }
    return json;
  }

  private static String table(List<Outcome> outcomes) {
    TextTable table = new TextTable("goal", "bound", "found", "met");
    for (Goal goal : Goal.all(figures(outcomes))) {
      OptionalDouble found = goal.found();
      table.row(
          goal.what(),
          String.format(Locale.ROOT, "%s %.2f", goal.atLeast() ? ">=" : "<=", goal.bound()),
          found.isPresent() ? String.format(Locale.ROOT, "%.3f", found.getAsDouble()) : "-",
          found.isEmpty() ? "not measured" : goal.met() ? "yes" : "no");
    }
    return table.text()
        + outcomes.stream()
            .filter(outcome -> outcome.failure().isPresent())
            .map(
                outcome ->
                    "%s failed: %s%n"
                        .formatted(outcome.part().name(), outcome.failure().orElseThrow()))
            .collect(Collectors.joining());
  }
}
