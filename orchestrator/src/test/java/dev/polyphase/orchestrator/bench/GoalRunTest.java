package dev.polyphase.orchestrator.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.polyphase.orchestrator.bench.GoalRun.Outcome;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Parts whose programs are lines for a shell. */
@EnabledOnOs(OS.LINUX)
class GoalRunTest {
  @TempDir Path folder;

  @Test
  void aPartThatFailsCostsNoOtherItsFigures() throws Exception {
    List<Outcome> outcomes =
        run(
            Duration.ofMinutes(5),
            part("fine", "echo '{\"cases\": {\"full\": {\"seconds\": 2}}}'"),
            part("wrong", "echo first >&2; echo 'there is no GPU' >&2; exit 2"),
            part("mute", "exit 3"),
            part("odd", "echo no JSON"),
            part("empty", "echo 'a is left out: why' >&2; echo round >&2; echo '{\"cases\": {}}'"),
            part("last", "echo '{\"full_ratio\": 1}'"));

    assertThat(outcomes)
        .extracting(outcome -> outcome.part().name())
        .containsExactly("fine", "wrong", "mute", "odd", "empty", "last");
    assertThat(outcomes)
        .extracting(outcome -> outcome.failure().orElse("-"))
        .containsExactly(
            "-",
            "there is no GPU",
            "it ended with 3",
            "what it printed is no JSON",
            "a is left out: why",
            "-");
    assertThat(outcomes.get(0).figures().orElseThrow().at("/cases/full/seconds").intValue())
        .isEqualTo(2);
  }

  @Test
  void onePartStandsInForAnotherThatFailed() throws Exception {
    assertThat(
            run(
                Duration.ofMinutes(5),
                part("fails", "exit 1"),
                instead("needed", "fails"),
                part("works", "echo '{}'"),
                instead("idle", "works")))
        .extracting(outcome -> outcome.part().name())
        .containsExactly("fails", "needed", "works");
  }

  @Test
  void onePartIsMeasuredWhereTheOtherIsNotAskedFor() throws Exception {
    assertThat(run(Duration.ofMinutes(5), instead("alone", "other")))
        .extracting(outcome -> outcome.part().name())
        .containsExactly("alone");
  }

  /** Words that are no UTF-8 are words still. */
  @Test
  void bytesOfAnotherEncodingCostNoFigures() throws Exception {
    List<Outcome> outcomes =
        run(
            Duration.ofMinutes(5),
            part("fails", "printf 'no \\351t\\351\\n' >&2; exit 1"),
            part("empty", "printf 'a is left out: \\351\\n' >&2; echo '{\"cases\": {}}'"),
            part("odd", "printf '\\351'"),
            part("fine", "printf '{\"gpu\": \"\\351\"}'"));

    assertThat(outcomes)
        .extracting(outcome -> outcome.failure().orElse("-"))
        .containsExactly(
            "no \ufffdt\ufffd", "a is left out: \ufffd", "what it printed is no JSON", "-");
  }

  /** Those of training are the launcher's and stay as they are. */
  @Test
  void scansHaveTheirOwnSettingsOfTheLibrary() throws Exception {
    String script =
        "echo \"{\\\"threshold\\\": \\\"$MALLOC_MMAP_THRESHOLD_\\\","
            + " \\\"tunables\\\": \\\"${GLIBC_TUNABLES-none}\\\"}\"";
    List<Outcome> outcomes = new ArrayList<>();
    for (String command : new String[] {"scan", "train"}) {
      GoalPart part =
          new GoalPart(command, List.of("bench", command), Optional.empty(), 60, Optional.empty());
      outcomes.addAll(
          new GoalRun(
                  List.of(part),
                  Duration.ofMinutes(5),
                  folder,
                  arguments -> List.of("sh", "-c", script),
                  soFar -> {})
              .run());
    }

    JsonNode scan = outcomes.get(0).figures().orElseThrow();
    assertThat(scan.path("threshold").textValue()).isEqualTo("1048576");
    assertThat(scan.path("tunables").textValue()).isEqualTo("none");
    JsonNode train = outcomes.get(1).figures().orElseThrow();
    assertThat(train.path("threshold").textValue())
        .isEqualTo(System.getenv().getOrDefault("MALLOC_MMAP_THRESHOLD_", ""));
  }

  /** A signal is no reason to leave a GPU to a process that nobody knows any more. */
  @Test
  void whatRunsEndsWithTheProgram() throws Exception {
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Program.class.getName(),
                folder.toString(),
                // Where the program that started it prints.
                "echo $$ > /proc/$PPID/fd/1; sleep 600")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader printed = program.inputReader(StandardCharsets.UTF_8)) {
      ProcessHandle started = ProcessHandle.of(Long.parseLong(printed.readLine())).orElseThrow();

      program.destroy();

      assertThat(program.onExit()).succeedsWithin(Duration.ofSeconds(60));
      assertThat(started.onExit()).succeedsWithin(Duration.ofSeconds(60));
    } finally {
      program.descendants().forEach(ProcessHandle::destroyForcibly);
      program.destroyForcibly();
    }
  }

  /** A program that measures one part. */
  static final class Program {
    private Program() {}

    /** Takes the folder and the part's line. */
    public static void main(String[] args) throws Exception {
      new GoalRun(
              List.of(part("waits", args[1])),
              Duration.ofMinutes(10),
              Path.of(args[0]),
              arguments -> List.of("sh", "-c", arguments.get(0)),
              soFar -> {})
          .run();
    }
  }

  @Test
  void whatTakesTooLongIsEndedWithAllThatItStarted() throws Exception {
    Path alive = folder.resolve("alive");
    GoalPart slow =
        new GoalPart(
            "slow",
            List.of("sleep 600 & echo $! > %s; wait".formatted(alive)),
            Optional.empty(),
            1,
            Optional.empty());

    List<Outcome> outcomes = run(Duration.ofMinutes(5), slow);

    assertThat(outcomes.get(0).failure()).hasValue("it did not end within 1 seconds");
    long child = Long.parseLong(Files.readString(alive).strip());
    Optional<ProcessHandle> started = ProcessHandle.of(child);
    if (started.isPresent()) {
      // Ended, though nobody may have asked yet how.
      assertThat(started.get().onExit()).succeedsWithin(Duration.ofSeconds(60));
    }
  }

  @Test
  void whereNoTimeIsLeftThatIsSaid() throws Exception {
    assertThat(run(Duration.ofSeconds(1), part("late", "echo '{}'")).get(0).failure())
        .hasValue("no time was left for it");
  }

  /** The last part that trains some weights is the last that finds them. */
  @Test
  void weightsAreSharedAndGoWhenTheyAreNotNeededAnyMore() throws Exception {
    // $0 is --weights, $1 the folder.
    String finds = "ls \"$1\" >&2 && echo '{}'";
    GoalPart makes = of("makes", "mkdir \"$1\" && touch \"$1/model\" && echo '{}'", "large");
    List<Outcome> outcomes =
        run(
            Duration.ofMinutes(5),
            makes,
            part("other", "echo '{}'"),
            of("finds", finds, "large"),
            part("after", "test ! -e %s/weights-large && echo '{}'".formatted(folder)));

    assertThat(outcomes).allSatisfy(outcome -> assertThat(outcome.failure()).isEmpty());
  }

  private List<Outcome> run(Duration time, GoalPart... parts) throws Exception {
    List<Integer> told = new ArrayList<>();
    List<Outcome> outcomes =
        new GoalRun(
                List.of(parts),
                time,
                folder,
                arguments -> {
                  List<String> command = new ArrayList<>(List.of("sh", "-c"));
                  command.addAll(arguments);
                  return command;
                },
                soFar -> told.add(soFar.size()))
            .run();
    assertThat(told).hasSameSizeAs(outcomes).last().isEqualTo(outcomes.size());
    return outcomes;
  }

  private static GoalPart part(String name, String script) {
    return new GoalPart(name, List.of(script), Optional.empty(), 60, Optional.empty());
  }

  private static GoalPart of(String name, String script, String weights) {
    return new GoalPart(name, List.of(script), Optional.of(weights), 60, Optional.empty());
  }

  private static GoalPart instead(String name, String failed) {
    return new GoalPart(name, List.of("echo '{}'"), Optional.empty(), 60, Optional.of(failed));
  }
}
