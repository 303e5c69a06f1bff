package dev.polyphase.orchestrator.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description =
        "Looks at Java, libtorch and the machine, and says what to do about what it finds.")
final class DoctorCommand implements Callable<Integer> {
  private final Map<String, String> environment;
  private final Console console;

  @Option(names = "--json", description = "Print one JSON object.")
  private boolean json;

  DoctorCommand(Map<String, String> environment, Console console) {
    this.environment = environment;
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    List<Check> checks = new ArrayList<>(MachineChecks.platform());
    checks.addAll(LibraryChecks.all(environment));
    checks.add(EngineChecks.trl(environment));
    checks.addAll(MachineChecks.storage(environment, Path.of(System.getProperty("user.home"))));
    console.results().print(json ? json(checks) : text(checks));
    console.results().flush();
    return sound(checks) ? ExitCode.DONE : ExitCode.FAILED;
  }

  private static boolean sound(List<Check> checks) {
    return checks.stream().noneMatch(check -> check.status() == Check.Status.FAIL);
  }

  /** A line for each check, and below it what to do. */
  static String text(List<Check> checks) {
    int width = checks.stream().mapToInt(check -> check.name().length()).max().orElse(0);
    StringBuilder text = new StringBuilder();
    for (Check check : checks) {
      String padding = " ".repeat(width - check.name().length());
      text.append("%-4s  %s%s  %s\n".formatted(word(check), check.name(), padding, check.found()));
      if (!check.remedy().isEmpty()) {
        text.append(" ".repeat(width + 8)).append(check.remedy()).append('\n');
      }
    }
    return text.toString();
  }

  /** One line. */
  static String json(List<Check> checks) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("ok", sound(checks));
    ArrayNode list = object.putArray("checks");
    for (Check check : checks) {
      list.addObject()
          .put("name", check.name())
          .put("status", word(check))
          .put("found", check.found())
          .put("remedy", check.remedy());
    }
    return object + "\n";
  }

  private static String word(Check check) {
    return check.status().name().toLowerCase(Locale.ROOT);
  }
}
