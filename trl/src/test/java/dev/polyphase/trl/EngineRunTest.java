package dev.polyphase.trl;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.polyphase.data.ReadingListener;
import dev.polyphase.fixtures.Fixture;
import dev.polyphase.phases.api.InterruptedTrainingException;
import dev.polyphase.phases.api.MetricsRow;
import dev.polyphase.phases.api.TrainingFailedException;
import dev.polyphase.phases.objective.NextToken;
import dev.polyphase.phases.objective.RowModel;
import dev.polyphase.phases.preparation.Findings;
import dev.polyphase.phases.preparation.ReadPhase;
import dev.polyphase.pipelines.Phase;
import dev.polyphase.prepared.TemporaryRows;
import dev.polyphase.trl.launch.Job;
import dev.polyphase.trl.launch.LaunchSettings;
import dev.polyphase.trl.launch.Launcher;
import dev.polyphase.trl.launch.Programs;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A job is watched by its files. In the place of Python and the driver shell scripts run here. */
@DisabledOnOs(OS.WINDOWS)
class EngineRunTest {
  /** Says what the driver says of the first steps: {@code steps FROM TO}. */
  private static final String DRIVER =
      """
      #!/bin/sh
      # The driver's place comes first where one process is started, and the folder last.
      for last; do :; done
      cd "$last"
      put() { printf '%s\\n' "$2" > "$1.new"; mv "$1.new" "$1"; }
      beat() { put heartbeat.json "{\\"beat\\":$1}"; }
      start() { echo "{\\"event\\": \\"start\\", \\"step\\": $1, \\"attempt\\": 1, \\"world_size\\": 1}" >> progress.jsonl; }
      steps() {
        i=$1
        while [ $i -le $2 ]; do
          echo "{\\"event\\": \\"step\\", \\"step\\": $i, \\"loss\\": $i.5, \\"grad_norm\\": 1.0, \\"learning_rate\\": 0.001, \\"seconds\\": 0.5, \\"figures\\": {}}" >> progress.jsonl
          i=$((i + 1))
        done
      }
      checkpoint() { mkdir -p checkpoints/checkpoint-$1; echo '{}' > checkpoints/checkpoint-$1/manifest.json; }
      outcome() { if [ $1 = finished ]; then mkdir -p trained; put trained/manifest.json '{}'; fi; put outcome.json "{\\"outcome\\": \\"$1\\", \\"step\\": $2, \\"sentence\\": \\"$3\\", \\"digest\\": \\"abc\\"}"; }
      until_file() { while [ ! -e "$1" ]; do sleep 0.05; done; }
      """;

  @TempDir Path temporary;
  private EngineRunner rows;
  private EngineFolder folder;
  private ReadPhase phase;
  private int programsMade;
  private final MetricsKeeper heard = new MetricsKeeper(row -> {});

  @BeforeEach
  void prepare() throws IOException {
    rows = EngineRunner.of(temporary, Fixture.LLAMA, "model.norm.weight");
    phase =
        ReadPhase.of(
            NextToken.source(TemporaryRows.reader()),
            rows.request("result"),
            new Findings(),
            new RowModel(320, true),
            ReadingListener.NOBODY);
    folder = new EngineFolder(temporary.resolve("result").resolve("engine"));
    Files.createDirectories(folder.path());
    Files.writeString(folder.driver(), "");
  }

  @Test
  void itsRowsAreThoseOfTheEmbeddedTrainer() throws IOException {
    Outcome outcome = run(0, 60, "start 0; steps 1 6; outcome finished 6 done");

    assertThat(outcome).isEqualTo(new Outcome(Outcome.Kind.FINISHED, 6, "done"));
    assertThat(heard.series("loss")).containsExactly(1.5, 2.5, 3.5, 4.5, 5.5, 6.5);
    MetricsRow last = heard.rows.get(5);
    assertThat(last.values().keySet())
        .containsExactly(
            "step",
            "epoch",
            "loss",
            "grad_norm",
            "learning_rate",
            "num_tokens",
            "tokens_per_second");
    assertThat(last.values().get("num_tokens")).isEqualTo(phase.schedule().totalTokens());
    assertThat(heard.resumed).isZero();
  }

  @Test
  void aJobWithoutASignOfLifeIsEndedAndStartedAgain() throws IOException {
    String first = "start 0; steps 1 3; checkpoint 2; touch silent; exec sleep 600";
    String second = "start 2; steps 3 6; outcome finished 6 done";

    Outcome outcome =
        run(0, 1.5, "if [ -e silent ]; then %s; else %s; fi".formatted(second, first));

    assertThat(outcome.kind()).isEqualTo(Outcome.Kind.FINISHED);
    assertThat(heard.notes)
        .anyMatch(
            note ->
                note.matches(
                    "the engine's job gave no sign of life for \\d+ seconds; it is started again"
                        + " from step 2"));
    assertThat(heard.series("step")).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(heard.resumed).isOne();
    assertThat(heard.keptRows()).isEqualTo(2);
  }

  @Test
  void aJobThatGetsNoFurtherIsGivenUp() {
    assertThatThrownBy(
            () ->
                run(2, 60, "start 0; steps 1 1; echo 'RuntimeError: the network is down' ; exit 1"))
        .isInstanceOf(TrainingFailedException.class)
        .hasMessage(
            "phase one: the engine's job ended without a word (RuntimeError: the network is down), like 2 attempts before it that made no checkpoint; see %s; the same command starts it again"
                .formatted(folder.log()));
    assertThat(heard.series("step")).containsExactly(1);
  }

  @Test
  void whoGetsFurtherEachTimeIsNotGivenUp() throws IOException {
    String script =
        "n=$(ls checkpoints 2>/dev/null | wc -l); start $n; steps $((n + 1)) $((n + 1));"
            + " checkpoint $((n + 1)); [ $n -lt 5 ] || outcome finished 6 done";

    assertThat(run(0, 60, script).kind()).isEqualTo(Outcome.Kind.FINISHED);
    assertThat(heard.series("step")).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void aStopIsAskedForByAFile() throws IOException {
    MetricsKeeper[] self = new MetricsKeeper[1];
    MetricsKeeper stopping = new MetricsKeeper(row -> self[0].stop());
    self[0] = stopping;

    assertThatThrownBy(
            () ->
                engineRun(
                        0,
                        60,
                        "start 0; steps 1 1; until_file stop; outcome stopped 1 so",
                        stopping)
                    .toItsEnd())
        .isInstanceOfSatisfying(
            InterruptedTrainingException.class, e -> assertThat(e.step()).isEqualTo(1));
    assertThat(folder.stop()).doesNotExist();
  }

  @Test
  void whatAnEarlierProcessStartedIsWatchedOn() throws IOException {
    Path go = temporary.resolve("go");
    EngineRun first =
        engineRun(
            0,
            60,
            "start 0; steps 1 2; until_file '%s'; steps 3 6; outcome finished 6 done".formatted(go),
            new MetricsKeeper(
                row -> {
                  if (row.step() == 2) {
                    throw new IllegalStateException("the first process ends here");
                  }
                }));
    assertThatThrownBy(first::toItsEnd).hasMessage("the first process ends here");
    Files.createFile(go);

    Outcome outcome = engineRun(0, 60, "exit 1", heard).toItsEnd();

    assertThat(outcome.kind()).isEqualTo(Outcome.Kind.FINISHED);
    assertThat(heard.series("step")).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(Job.read(folder.path(), Programs.ofThisProcess()).orElseThrow().attempt()).isOne();
  }

  @Test
  @Timeout(120)
  void whereAnEarlierProcessAskedForAStopTheJobGoesOn() throws IOException {
    EngineRun first =
        engineRun(
            0,
            60,
            "start 0; steps 1 1; until_file stop; touch seen; until_file attached; checkpoint 1;"
                + " outcome stopped 1 so",
            new MetricsKeeper(
                row -> {
                  throw new IllegalStateException("the first process ends here");
                }));
    assertThatThrownBy(first::toItsEnd).hasMessage("the first process ends here");
    Files.createFile(folder.stop());
    while (!Files.exists(folder.path().resolve("seen"))) {
      Thread.onSpinWait();
    }
    // It attaches, and takes the wish back; but the job has heard it.
    MetricsKeeper second =
        new MetricsKeeper(
            row -> {
              try {
                if (row.step() == 1) {
                  Files.createFile(folder.path().resolve("attached"));
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });

    Outcome outcome =
        engineRun(0, 60, "start 1; steps 2 6; outcome finished 6 done", second).toItsEnd();

    assertThat(outcome.kind()).isEqualTo(Outcome.Kind.FINISHED);
    assertThat(second.series("step")).containsExactly(1, 2, 3, 4, 5, 6);
  }

  @Test
  void minutesWithoutACheckpointAskForOne() throws IOException {
    rows = rows.with("phases.one.save_minutes=0.001");

    assertThat(
            run(0, 60, "start 0; beat 1; steps 1 6; until_file save; outcome finished 6 done")
                .kind())
        .isEqualTo(Outcome.Kind.FINISHED);
  }

  /** By Slurm, whose programs shell scripts play. */
  @Test
  @Timeout(120)
  @EnabledOnOs(OS.LINUX)
  void aLostJobOfSlurmIsCancelledAndQueuedAgain() throws IOException {
    Path bin = Files.createDirectories(temporary.resolve("bin"));
    Files.createDirectories(bin.resolve("slurm"));
    for (String name : List.of("sbatch", "slurmd", "scontrol", "squeue", "scancel", "srun")) {
      try (InputStream text = EngineRunTest.class.getResourceAsStream("launch/" + name)) {
        Files.write(bin.resolve(name), requireNonNull(text).readAllBytes());
      }
      makeProgram(bin.resolve(name));
    }
    Programs programs = new Programs(Map.of("PATH", bin + ":/usr/bin:/bin"));
    // The played Slurm kills what hangs so.
    String hangs = "echo hang > play; echo $$ > worker.1; exec sleep 600";
    String first = "start 0; steps 1 3; checkpoint 2; touch silent; " + hangs;
    String second = "start 2; steps 3 6; outcome finished 6 done";

    Outcome outcome =
        engineRun(
                0,
                4,
                "if [ -e silent ]; then %s; else %s; fi".formatted(second, first),
                heard,
                python -> Launcher.slurm(new LaunchSettings("one", python, 1, 1, false), programs),
                programs)
            .toItsEnd();

    assertThat(outcome).isEqualTo(new Outcome(Outcome.Kind.FINISHED, 6, "done"));
    assertThat(heard.series("step")).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(heard.notes).anyMatch(note -> note.contains("it is started again from step 2"));
    assertThat(Files.readString(bin.resolve("slurm").resolve("4711").resolve("state")))
        .startsWith("CANCELLED");
    assertThat(Job.read(folder.path(), programs).orElseThrow().attempt()).isEqualTo(2);
  }

  @Test
  void theOutcomeOfAnotherJobIsNotBelieved() throws IOException {
    Files.writeString(
        folder.outcome(), "{\"outcome\":\"finished\",\"step\":6,\"digest\":\"other\"}");

    assertThat(run(0, 60, "start 0; steps 1 6; outcome failed 6 'a frozen tensor changed'"))
        .isEqualTo(new Outcome(Outcome.Kind.FAILED, 6, "a frozen tensor changed"));
  }

  private Outcome run(int retries, double heartbeatTimeout, String script) throws IOException {
    return engineRun(retries, heartbeatTimeout, script, heard).toItsEnd();
  }

  private EngineRun engineRun(
      int retries, double heartbeatTimeout, String script, MetricsKeeper listener)
      throws IOException {
    Programs programs = Programs.ofThisProcess();
    return engineRun(
        retries,
        heartbeatTimeout,
        script,
        listener,
        python -> Launcher.local(new LaunchSettings("one", python, 1, 1, false), programs),
        programs);
  }

  private EngineRun engineRun(
      int retries,
      double heartbeatTimeout,
      String script,
      MetricsKeeper listener,
      Function<Path, Launcher> launcher,
      Programs programs)
      throws IOException {
    // Each in a file of its own: a shell reads its script while it runs.
    programsMade++;
    Path python = temporary.resolve("python" + programsMade);
    Files.writeString(python, DRIVER + script + "\n");
    makeProgram(python);
    Phase asked =
        rows.with(
                "phases.one.engine.type=trl",
                "phases.one.engine.heartbeat_timeout=" + heartbeatTimeout,
                "phases.one.engine.retries=" + retries)
            .request("result")
            .phase();
    return new EngineRun(
        folder,
        "abc",
        asked,
        launcher.apply(python),
        programs,
        listener,
        new Progress(folder, phase, listener));
  }

  private static void makeProgram(Path file) throws IOException {
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }
}
