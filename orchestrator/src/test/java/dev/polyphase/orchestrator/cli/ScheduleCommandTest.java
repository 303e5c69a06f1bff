package dev.polyphase.orchestrator.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.cli.Polyphase.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScheduleCommandTest {
  private static final ZoneId VIENNA = ZoneId.of("Europe/Vienna");
  private static final String NO_SERVICE =
      "warning: no service is running, and only one submits by the clock: polyphase serve\n";

  @TempDir Path folder = Path.of("");

  @BeforeEach
  void writePipelines() throws IOException {
    pipeline("nightly", "nightly-{date}");
    pipeline("plain", "plain");
  }

  private void pipeline(String file, String name) throws IOException {
    Files.writeString(
        folder.resolve(file + ".yaml"),
        """
        name: %s
        base_model: base
        phases:
          - name: only
            type: sft
            targeting: {method: full}
            datasets: [{path: rows.jsonl}]
            learning_rate: 1e-5
        """
            .formatted(name));
  }

  private Ended schedule(String... args) {
    return Polyphase.execute(
        Map.of("POLYPHASE_HOME", folder.resolve("home").toString()),
        Stream.concat(Stream.of("schedule"), Stream.of(args)).toArray(String[]::new));
  }

  private Ended add(String file, String... more) {
    return schedule(
        Stream.concat(
                Stream.of(
                    folder.resolve(file).toString(),
                    "--output",
                    folder.resolve("runs").toString(),
                    "--timezone",
                    "Europe/Vienna"),
                Stream.of(more))
            .toArray(String[]::new));
  }

  @Test
  void showsTheNextTimesAndTheirRuns() {
    ZonedDateTime now = ZonedDateTime.now(VIENNA);
    Ended added = add("nightly.yaml", "--cron", "0 0 22 * * ?");
    assertThat(added.exitCode()).isZero();
    List<String> lines = added.results().lines().toList();
    assertThat(lines).hasSize(4);
    assertThat(lines.get(0)).isEqualTo("schedule nightly: 0 0 22 * * ? in Europe/Vienna");
    LocalDate today = now.toLocalDate();
    LocalDate first = now.toLocalTime().isBefore(LocalTime.of(22, 0)) ? today : today.plusDays(1);
    for (int i = 0; i < 3; i++) {
      LocalDate day = first.plusDays(i);
      assertThat(lines.get(i + 1))
          .matches("[A-Z][a-z]{2} " + day + " 22:00:00 \\+0[12]:00: .*")
          .endsWith(": " + folder.resolve("runs/nightly-" + day));
    }
    assertThat(added.messages()).isEqualTo(NO_SERVICE);
  }

  @Test
  void warnsWhereAllNightsAreOneRun() {
    Ended added = add("plain.yaml", "--cron", "0 0 22 * * ?");
    assertThat(added.exitCode()).isZero();
    assertThat(added.messages())
        .contains(" are the same run, " + folder.resolve("runs/plain") + ": what the first")
        .contains("put {date}, which changes each day, into the pipeline's name");
    assertThat(add("nightly.yaml", "--cron", "0 0 * * * ?").messages())
        .as("{date} does not tell hours apart")
        .contains(" are the same run, " + folder.resolve("runs/nightly-"));
  }

  @Test
  void listsChangesAndSubmits() {
    assertThat(schedule("list").results()).isEqualTo("There are no schedules.\n");
    assertThat(schedule("list").messages()).isEmpty();
    add("nightly.yaml", "--cron", "0 0 22 * * ?", "--missed", "skip", "--set", "seed=7");
    add("plain.yaml", "--cron", "0 0 3 ? * SUN", "--name", "weekly", "--priority", "-2");

    JsonNode all = Polyphase.parse(schedule("list", "--json").results()).get("schedules");
    assertThat(all).hasSize(2);
    JsonNode nightly = all.get(0);
    assertThat(nightly.get("name").asText()).isEqualTo("nightly");
    assertThat(nightly.get("pipeline").asText()).isEqualTo(folder.resolve("nightly.yaml") + "");
    assertThat(nightly.get("missed").asText()).isEqualTo("skip");
    assertThat(nightly.get("set").get(0).asText()).isEqualTo("seed=7");
    assertThat(nightly.get("timezone").asText()).isEqualTo("Europe/Vienna");
    assertThat(nightly.get("output").asText()).isEqualTo(folder.resolve("runs").toString());
    assertThat(nightly.get("queued").isNull()).isTrue();
    assertThat(all.get(1).get("name").asText()).isEqualTo("weekly");
    assertThat(all.get(1).get("priority").asInt()).isEqualTo(-2);

    assertThat(schedule("pause", "weekly").results()).isEqualTo("weekly: paused\n");
    assertThat(schedule("list").results()).containsPattern("weekly .* once +paused +- +-\n");
    assertThat(schedule("resume", "weekly").results())
        .matches("weekly: next at Sun .* 03:00:00.*\n");
    assertThat(schedule("remove", "weekly").results()).isEqualTo("weekly: removed\n");

    Ended submitted = schedule("run-now", "nightly");
    assertThat(submitted.exitCode()).isZero();
    assertThat(submitted.results()).startsWith("nightly: run 1 of the queue, ");
    assertThat(submitted.messages())
        .endsWith("warning: no service is running; the run waits until one is: polyphase serve\n");
    assertThat(schedule("list").results()).containsPattern("nightly .* 1\n");
    Ended again = schedule("run-now", "nightly");
    assertThat(again.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    assertThat(again.messages()).contains("is the folder of run 1 of the queue");
  }

  @Test
  void refusesWhatIsWrongInASentence() {
    refused(
        "the cron expression \"0 22 * * *\" has five fields, and Quartz has seconds first; write"
            + " \"0 0 22 * * ?\"\n",
        add("nightly.yaml", "--cron", "0 22 * * *"));
    refused("there is no such file", add("gone.yaml", "--cron", "0 0 22 * * ?"));
    refused("give --cron, as --cron \"0 0 22 * * ?\"", add("nightly.yaml"));
    refused("give PIPELINE.yaml", schedule());
    refused("a schedule reads its pipeline anew", schedule("-", "--cron", "0 0 22 * * ?"));
    refused(
        "there is no time zone Europe/Wien; give one as Europe/Vienna",
        schedule("x.yaml", "--cron", "0 0 22 * * ?", "--timezone", "Europe/Wien"));
    refused("there is no schedule other", schedule("pause", "other"));
    add("nightly.yaml", "--cron", "0 0 22 * * ?");
    refused(
        "there is a schedule nightly already; remove it, or choose another name",
        add("nightly.yaml", "--cron", "0 0 23 * * ?"));
  }

  private static void refused(String sentence, Ended ended) {
    assertThat(ended.exitCode()).isEqualTo(ExitCode.WRONG_INPUT);
    assertThat(ended.results()).isEmpty();
    assertThat(ended.messages()).contains(sentence);
    assertThat(Polyphase.LIBRARIES).noneMatch(ended.messages()::contains);
  }
}
