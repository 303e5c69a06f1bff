package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.bench.GoalPart;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The goals as a command, of which the smallest parts are measured. */
class BenchGoalsTest {
  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({"false, cuda:0 cuda:1", "true, cpu"})
  void everyPartIsACommand(boolean quick, String devices) {
    Cli cli =
        new Cli(
            Backend.shipped(),
            Console.of(
                OutputStream.nullOutputStream(),
                OutputStream.nullOutputStream(),
                StandardCharsets.UTF_8),
            Map.of());
    List<GoalPart> parts =
        GoalPart.all(quick, List.of(devices.split(" ", -1)), Optional.of("/opt/python3"));
    Set<String> before = new HashSet<>();
    for (GoalPart part : parts) {
      List<String> arguments = new ArrayList<>(part.arguments());
      part.weights().ifPresent(name -> arguments.addAll(List.of("--weights", name)));
      assertThatCode(() -> cli.commands().parseArgs(arguments.toArray(String[]::new)))
          .as(part.name())
          .doesNotThrowAnyException();
      assertThat(before.containsAll(part.insteadOf().stream().toList())).isTrue();
      assertThat(before.add(part.name())).isTrue();
    }
    assertThat(before).contains("0.75b", "8b_full", "scan_cpu", "dpo");
  }

  @Test
  void whatFailsIsSaidAndTheRestMeasured() throws IOException {
    Path file = folder.resolve("goals.json");
    String command =
        "bench goals --quick --device cpu --python /none -o %s".formatted(file)
            + " --parts 0.5b_rows_16,8b_half_transformers";

    Polyphase.Ended ended = Polyphase.execute(command.split(" ", -1));

    assertThat(ended.exitCode()).as(ended.messages()).isZero();
    JsonNode json = Polyphase.parse(Files.readString(file));
    assertThat(json.path("quick").booleanValue()).isTrue();
    assertThat(json.at("/parts/0.5b_rows_16/figures/cases/full/seconds").doubleValue())
        .isPositive();
    String why = "transformers is left out: there is no program /none; name one by --python or";
    assertThat(json.at("/parts/8b_half_transformers/failed").textValue()).startsWith(why);
    assertThat(json.path("goals"))
        .allSatisfy(goal -> assertThat(goal.path("found").isNull()).isTrue());
    assertThat(ended.results())
        .startsWith("goal ")
        .contains("not measured", "8b_half_transformers failed: " + why);
    assertThat(ended.messages()).contains("8b_half_transformers: " + why);
  }

  @Test
  void aPartThatIsNotThereIsNamed() {
    Polyphase.Ended ended =
        Polyphase.execute("bench", "goals", "--device", "cpu", "--parts", "70b");

    assertThat(ended.exitCode()).isEqualTo(2);
    assertThat(ended.messages()).contains("--parts has '70b'; the parts are 0.75b, ");
  }
}
